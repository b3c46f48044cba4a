"""One name for one builder, whichever dialect of Buildbucket names it."""

from __future__ import annotations


def builder_id(
    project: str | None, bucket: str | None, builder: str | None, *, job_project: str | None = None
) -> str | None:
    """Return ``project/bucket/builder``; a part that is not known is left out.

    Parameters
    ----------
    project, bucket, builder:
        As a build, a request or a job's definition writes them. The project of a bucket
        ``luci.P.B`` or ``P:B`` is ``P``, whatever `project` is. Another bucket stays whole.
    job_project:
        Project of the job, used where nothing else names a project.

    Returns
    -------
    str or None
        None where the builder is not known.
    """
    if not builder:
        return None
    owner, short = split_bucket(bucket)
    return "/".join(part for part in (owner or project or job_project, short, builder) if part)


def split_bucket(bucket: str | None) -> tuple[str | None, str | None]:
    """Return the project that a bucket names, and the bucket's own name.

    ``luci.chromium.ci.shadow`` is the bucket ``ci.shadow`` of ``chromium``: it is split at its first
    two dots.
    """
    if not bucket:
        return None, None
    prefix, _, rest = bucket.partition(".")
    project, _, short = rest.partition(".")
    if prefix == "luci" and project and short:
        return project, short
    project, _, short = bucket.partition(":")
    return (project, short) if project and short else (None, bucket)
