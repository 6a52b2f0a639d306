"""On our own Asterisk, variables and user events say who called, in which language, for whom."""

from tests.scenarios.telling import Listener
from tests.unit.ami_lines import at

VARIABLES = "$MENU_PATH=1/1 $MENU_LANGUAGE=ru $HOTLINE_STRUCTURE=dvx $HOTLINE_ORIGIN=inbound"
CITIZEN = f"""
    0.0   UserEvent           UserEvent=HotlineCall U=c.1 N=0501112233 Delivered=195 Trunk=provider
    8.0   QueueCallerJoin     U=c.1 N=0501112233 Q=dvx {VARIABLES} $MENU_STEPS=/0:welcome/1:ministry/3:dvx
    20.5  HangupRequest       U=c.1 {VARIABLES}
    20.5  QueueCallerAbandon  U=c.1 Q=dvx HoldTime=12 {VARIABLES}
    20.5  QueueCallerLeave    U=c.1 Q=dvx {VARIABLES}
    20.6  Hangup              U=c.1 {VARIABLES} $MENU_STEPS=/0:welcome/1:ministry/3:dvx
"""


def test_a_call_begins_at_the_dialplan_s_word_and_ends_with_its_channel() -> None:
    (call,) = Listener().hears(CITIZEN).calls
    assert (call.began_at, call.ended_at, call.ended_by) == (at(0), at(20.6), "caller")
    assert (call.delivered, call.trunk, call.origin, call.caller) == (
        "195",
        "provider",
        "inbound",
        "0501112233",
    )
    assert (call.language, call.menu_path, call.left_menu) == ("ru", "1/1", "dvx")


def test_a_visit_carries_language_path_and_the_structure_the_citizen_chose() -> None:
    (visit,) = Listener().hears(CITIZEN).visits
    assert (visit.language, visit.menu_path, visit.structure, visit.origin) == ("ru", "1/1", "dvx", "inbound")
    assert (visit.call_linkedid, visit.call_began_at) == ("c.1", at(0))


def test_a_call_that_hangs_up_in_the_menu_is_a_call_without_visits() -> None:
    table = """
        0.0  UserEvent      UserEvent=HotlineCall U=c.1 N=0501112233 Delivered=195 Trunk=provider
        4.0  HangupRequest  U=c.1
        4.0  Hangup         U=c.1 $MENU_STEPS=/0:welcome
    """
    listener = Listener().hears(table)
    assert listener.visits == []
    assert [(call.ended_by, call.left_menu) for call in listener.calls] == [("caller", "welcome")]


def test_a_callback_s_visit_carries_its_attempt() -> None:
    variables = "$HOTLINE_ORIGIN=callback $HOTLINE_ATTEMPT=attempt-7"
    table = f"""
        0.0  QueueCallerJoin   U=attempt-7 N=0501112233 Q=dvx {variables}
        2.0  QueueCallerLeave  U=attempt-7 Q=dvx
        2.0  AgentConnect      U=attempt-7 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=2 RingTime=2
    """
    listener = Listener().hears(table)
    assert [(visit.origin, visit.attempt_id) for visit in listener.visits] == [("callback", "attempt-7")]
    assert [call.origin for call in listener.calls] == ["callback"]


def test_a_visit_is_recorded_once_its_recording_began_and_somebody_answered() -> None:
    table = """
        0.0  QueueCallerJoin   U=c.1 N=0501112233 Q=dvx
        2.0  AgentConnect      U=c.1 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=2 RingTime=2
        2.1  MixMonitorStart   U=c.1
    """
    (visit,) = Listener().hears(table).visits
    assert visit.recorded


def test_a_hidden_number_s_presentation_is_kept_beside_it() -> None:
    table = "0.0 QueueCallerJoin U=c.1 N=0501112233 Q=dvx $HOTLINE_PRESENTATION=prohib_passed_screen\n"
    listener = Listener().hears(table)
    assert listener.visits[0].presentation == listener.calls[0].presentation == "prohib_passed_screen"
