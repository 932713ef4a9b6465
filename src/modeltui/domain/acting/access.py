"""Who may do what where: the platform's rules, and what they say to one actor who wants one thing now.

Deny beats allow, and of several demands the strictest counts. A rule that names a role which does not exist gives
nothing and takes from everybody: a mistake in a policy must never widen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from modeltui.domain.acting.action import ActionKind
from modeltui.domain.acting.deed import RESCUES, RISKS, Deed, deed_of
from modeltui.domain.acting.freeze import Freeze
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown
from modeltui.domain.text import SafeText, safe_text


@dataclass(frozen=True, slots=True)
class Role:
    """People who may the same."""

    principals: frozenset[SafeText] = frozenset()
    keys: frozenset[SafeText] = frozenset()
    """Fingerprints, `SHA256:…`: whoever proves one of them, under whatever name."""

    def names(self, actor: Actor) -> bool:
        """Tell whether the actor says to be one of them."""
        return actor.ssh_key in self.keys or actor.principal in self.principals

    def has(self, actor: Actor) -> bool:
        """Tell whether the actor has shown to be one of them."""
        by_key = actor.assurance is Assurance.SSH_KEY and actor.ssh_key in self.keys
        return by_key or (actor.assurance.is_at_least(Assurance.OS_USER) and actor.principal in self.principals)


class Effect(StrEnum):
    """What a rule does."""

    MAY = "may"
    MAY_NOT = "may-not"
    DEMAND = "demand"
    """It allows nothing by itself: it adds conditions to what other rules allow."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the policy."""

    name: SafeText
    effect: Effect
    deeds: frozenset[Deed]
    roles: frozenset[SafeText] = frozenset()
    """Whom it is about; empty for everybody."""
    match: tuple[SafeText, ...] = (SafeText("*"),)
    """Shell patterns on `model@environment`; one match is enough."""
    production: bool | Unknown = UNKNOWN
    """Only where people are served from, or only where not; unknown for both."""
    assurance: Assurance = Assurance.NONE
    """How surely the actor must be known."""
    second_person: bool = False
    """Somebody else must approve the plan. An abort waits for nobody, whatever stands here."""

    def concerns(self, deed: Deed, target: TargetKey, *, production: bool) -> bool:
        """Tell whether the rule is about such an action there."""
        where = isinstance(self.production, Missing) or self.production is production
        return where and deed in self.deeds and any(fnmatchcase(str(target), pattern) for pattern in self.match)


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Who may overrule a freeze window or a missing second person, with an incident's id, loudly."""

    deeds: frozenset[Deed] = frozenset({Deed.ROLLBACK, Deed.OTHER_VERSION})
    roles: frozenset[SafeText] = frozenset()
    """Empty for everybody who may the deed itself."""
    review_seconds: float = 86_400.0
    """Somebody else looks at each use within this."""


NO_BREAK_GLASS = BreakGlass(frozenset())


@dataclass(frozen=True, slots=True)
class Signer:
    """A public key and whose it is."""

    principal: SafeText
    key: SafeText
    """`ssh-ed25519 AAAA…`, without a comment."""


LOGGED_IN = Rule(SafeText("logged-in"), Effect.MAY, frozenset(Deed), assurance=Assurance.OS_USER)
FOUR_EYES = Rule(SafeText("four-eyes"), Effect.DEMAND, RISKS, production=True, second_person=True)
DEFAULT_RULES = (LOGGED_IN, FOUR_EYES)


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """The platform's rules. Without a file: whoever is logged in may act, production needs two for what is risky."""

    roles: Mapping[SafeText, Role] = field(default_factory=dict)
    rules: tuple[Rule, ...] = DEFAULT_RULES
    freezes: tuple[Freeze, ...] = ()
    break_glass: BreakGlass = BreakGlass()
    approvers: frozenset[SafeText] = frozenset()
    """Roles that may approve; empty for everybody who may the deed itself."""
    approval_seconds: float = 900.0
    """How long a plan waits for its second person, and how long an approval counts."""
    signers: tuple[Signer, ...] = ()
    shared_accounts: frozenset[SafeText] = frozenset()
    """OS users behind which several people sit: such a name proves nobody."""

    def roles_of(self, actor: Actor) -> frozenset[SafeText]:
        """Return the roles that an actor has shown; a name that was only said has none."""
        return frozenset(name for name, role in self.roles.items() if role.has(actor))

    def gives(self, roles: frozenset[SafeText], actor: Actor) -> bool:
        """Tell whether something that is given to these roles is given to the actor."""
        return not roles or bool(roles & self.roles_of(actor))

    def takes(self, roles: frozenset[SafeText], actor: Actor) -> bool:
        """Tell whether something that is asked of these roles is asked of the actor: in doubt, yes."""
        if not roles or not roles <= self.roles.keys():
            return True
        return any(self.roles[name].names(actor) for name in roles)


DEFAULT_ACCESS = AccessPolicy()


def nobody(says: str) -> AccessPolicy:
    """Return a policy by which nothing may be written, for when the real one cannot be read."""
    return AccessPolicy(
        rules=(Rule(safe_text(says), Effect.MAY_NOT, frozenset(Deed)),), break_glass=NO_BREAK_GLASS, signers=()
    )


def permit(
    policy: AccessPolicy,
    actor: Actor,
    kind: ActionKind,
    target: TargetKey,
    *,
    is_last_known_good: bool,
    production: bool,
    now: Instant,
) -> Permission:
    """Return what the rules say.

    `is_allowed` is a no while a freeze window is in force. With `break_glass` nothing but that window or the second
    person stands in the way, and `with_broken_glass` gives the permission of somebody who overrules them.
    """
    deed = deed_of(kind, is_last_known_good=is_last_known_good)
    rules = [rule for rule in policy.rules if rule.concerns(deed, target, production=production)]
    for rule in rules:
        if rule.effect is Effect.MAY_NOT and policy.takes(rule.roles, actor):
            return Permission(False, safe_text(f"{rule.name}: {actor.principal} may not {_WORDS[deed]} {target}"))
    grants = [rule for rule in rules if rule.effect is Effect.MAY and policy.gives(rule.roles, actor)]
    if not grants:
        return Permission(False, _says_who_may(rules, actor, deed, target))
    demands = demanding(policy, rules, actor)
    strictest = max(demands, key=lambda rule: _ORDER.index(rule.assurance), default=grants[0])
    if not actor.assurance.is_at_least(strictest.assurance):
        return Permission(False, _says_unsure(actor, strictest), assurance=strictest.assurance)
    two = [rule for rule in demands if rule.second_person and deed is not Deed.ABORT]
    freezes = [freeze for freeze in policy.freezes if freeze.concerns(deed, target, production=production)]
    open_now = [freeze for freeze in freezes if freeze.end(now) and not _is_exempt(policy, freeze, actor)]
    return _permission(policy, actor, deed, grants[0], strictest.assurance, two, open_now, now)


def demanding(policy: AccessPolicy, rules: Iterable[Rule], actor: Actor) -> list[Rule]:
    """Return the rules whose conditions the actor has to meet."""
    return [rule for rule in rules if rule.effect is not Effect.MAY_NOT and policy.takes(rule.roles, actor)]


def _permission(
    policy: AccessPolicy,
    actor: Actor,
    deed: Deed,
    grant: Rule,
    assurance: Assurance,
    two: Sequence[Rule],
    open_now: Sequence[Freeze],
    now: Instant,
) -> Permission:
    """Return the permission of somebody who may the deed, with what still holds it up."""
    says = f"{two[0].name}: somebody else must approve" if two else f"{grant.name}: allowed"
    freeze = max(open_now, key=lambda freeze: _end(freeze, now), default=None)
    holds = freeze is not None and deed not in RESCUES
    breaks = bool(holds or two) and deed in policy.break_glass.deeds and policy.gives(policy.break_glass.roles, actor)
    if freeze is None:
        return Permission(True, safe_text(says), bool(two), UNKNOWN, breaks, assurance)
    until = freeze.says(now)
    if not holds:
        noted = safe_text(f"{says}; {until} does not hold up a way back")
        return Permission(True, noted, bool(two), UNKNOWN, breaks, assurance)
    exempt = f"; {_who(freeze.exempt)} may" if freeze.exempt else ""
    return Permission(False, safe_text(f"{until}{exempt}"), bool(two), until, breaks, assurance)


def with_broken_glass(permission: Permission) -> Permission:
    """Return the permission of somebody who overrules freeze and second person; unchanged where nobody may."""
    if not permission.break_glass:
        return permission
    says = safe_text(f"break-glass; otherwise {permission.says}")
    return replace(permission, is_allowed=True, says=says, second_person=False, frozen=UNKNOWN)


_WORDS = {
    Deed.ABORT: "abort a rollout on",
    Deed.ROLLBACK: "roll back to the last known good on",
    Deed.OTHER_VERSION: "roll back to another version on",
    Deed.PROMOTE: "promote on",
    Deed.WEIGHTS: "move traffic on",
}


_ORDER = list(Assurance)


def _end(freeze: Freeze, now: Instant) -> float:
    end = freeze.end(now)
    return 0.0 if isinstance(end, Missing) else end


def _is_exempt(policy: AccessPolicy, freeze: Freeze, actor: Actor) -> bool:
    return bool(freeze.exempt) and policy.gives(freeze.exempt, actor)


def _says_who_may(rules: Iterable[Rule], actor: Actor, deed: Deed, target: TargetKey) -> SafeText:
    may = sorted({str(role) for rule in rules if rule.effect is Effect.MAY for role in rule.roles})
    who = f"{', '.join(may)} may" if may else "nobody may"
    return safe_text(f"no rule lets {actor.principal} {_WORDS[deed]} {target}; {who}")


def _says_unsure(actor: Actor, rule: Rule) -> SafeText:
    shown = {Assurance.NONE: "nothing", Assurance.OS_USER: "an OS user", Assurance.SSH_KEY: "an SSH key"}
    has, wants = shown[actor.assurance], shown[rule.assurance]
    return safe_text(f"{rule.name}: {actor.principal} must be shown by {wants}, and is shown by {has}")


def _who(roles: Iterable[SafeText]) -> str:
    return ", ".join(sorted(roles)) or "everybody"
