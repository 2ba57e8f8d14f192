"""What a check of the state directory may find: one sentence for each broken promise."""

from dataclasses import dataclass, field

from core.digest import Digest


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise.

    Attributes:
        template: what is wrong, with named fields, in plain words.
        hint: what to do, a template over the same fields.
        fields: values of the named fields.
        repairable: whether ``cache.check.repair`` can set it right.
        blob: the damaged or lost blob, if it is about one.
    """

    template: str
    hint: str = "Run `packhorse node check --repair`."
    fields: dict[str, object] = field(default_factory=dict)
    repairable: bool = True
    blob: Digest | None = None

    def __str__(self) -> str:
        """Give the sentence in English."""
        return self.template.format(**self.fields)
