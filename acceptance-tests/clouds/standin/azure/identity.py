"""Ids of the Resource Manager: paths, compared without regard to case."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """An id, taken apart. `segments` are `[(type, name), ...]` after the last provider."""

    subscription: str
    group: str | None
    provider: str | None
    segments: tuple
    # What the last provider extends: an object's path, for role assignments.
    scope: str = ""

    @property
    def name(self):
        return self.segments[-1][1] if self.segments else self.group

    @property
    def type(self):
        parts = [kind for kind, _ in self.segments]
        return "/".join([self.provider, *parts]) if self.provider else "Microsoft.Resources/resourceGroups"

    @property
    def key(self):
        return self.path.lower()

    @property
    def path(self):
        path = self.scope
        if not path:
            path = f"/subscriptions/{self.subscription}"
            path += f"/resourceGroups/{self.group}" if self.group else ""
        if self.provider:
            path += f"/providers/{self.provider}"
        return path + "".join(f"/{kind}/{name}" for kind, name in self.segments)

    @property
    def parent(self):
        """The id of the object that this one lies in."""
        return Identity(self.subscription, self.group, self.provider, self.segments[:-1], self.scope)


def parse(path):
    """Takes a path apart; None when it is no id of an object."""
    scope, found, rest = path.strip("/").lower().rpartition("/providers/")
    parts = path.strip("/").split("/")
    if len(parts) < 2 or parts[0].lower() != "subscriptions":
        return None
    subscription, group = parts[1], None
    if len(parts) >= 4 and parts[2].lower() == "resourcegroups":
        group = parts[3]
    if not found:
        return Identity(subscription, group, None, ()) if group and len(parts) == 4 else None
    cut = path.strip("/")
    scope, tail = cut[: len(scope)], cut[len(scope) + len(found) :].split("/")
    provider, names = tail[0], tail[1:]
    if len(names) % 2:
        return None
    plain = f"subscriptions/{subscription}" + (f"/resourceGroups/{group}" if group else "")
    extends = "" if scope.lower() == plain.lower() else f"/{scope}"
    return Identity(subscription, group, provider, tuple(zip(names[::2], names[1::2], strict=True)), extends)
