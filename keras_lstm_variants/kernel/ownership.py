"""Whether others can change what is in a folder: code is loaded from no such folder."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

OTHERS = stat.S_IWGRP | stat.S_IWOTH


def is_mine(status: os.stat_result) -> bool:
    """Whether a file or folder is this user's, and nobody else can write to it."""
    return status.st_uid == os.geteuid() and not status.st_mode & OTHERS


def refuse_what_others_can_change(folder: Path, home: Path) -> None:
    """Looks at a folder and at those that lead to it, as far up as the user's home.

    Whoever can exchange the home folder itself needs nothing of ours: it is where shells and
    Python look for what they run.

    Raises:
        PermissionError: Others can write to it or put another in its place; the message says where.
    """
    if not is_mine(folder.stat()):
        raise PermissionError(f"{folder} can be written to by others, or belongs to somebody else")
    for place in ways_to(folder, home):
        status = place.stat()
        if status.st_uid not in (os.geteuid(), 0):
            raise PermissionError(f"{folder} lies in {place}, which belongs to somebody else")
        writable = status.st_mode & OTHERS and not status.st_mode & stat.S_ISVTX
        if writable and (status.st_mode & stat.S_IWOTH or not is_private(status.st_gid)):
            raise PermissionError(f"{folder} lies in {place}, which can be written to by others")


def ways_to(folder: Path, home: Path) -> Iterator[Path]:
    """The folders above it, as it is written and as each symbolic link on the way has it."""
    ends, last = {home, home.resolve()}, {folder, folder.resolve()}
    seen: set[Path] = set()
    written = [*last]
    while written:
        path = written.pop()
        for place in (path, *path.parents):
            if place in seen:
                break
            seen.add(place)
            if place.is_symlink():
                written.append(Path(os.path.normpath(place.parent / os.readlink(place))))
            elif place not in last:
                yield place
            if place in ends:
                break


def is_private(group: int) -> bool:
    """Whether a group has no members but this user: many systems give everybody one of their own.

    There, folders that a group can write to are as good as others.
    """
    import grp
    import pwd

    try:
        name, found = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == name and set(found.gr_mem) <= {name}
