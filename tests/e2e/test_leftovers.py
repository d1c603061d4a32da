# SPDX-License-Identifier: Apache-2.0
"""What a private daemon that was killed has left behind, a key among it, is removed; and nothing else is."""

import os
import shutil
import signal
import subprocess

import pytest

from harness import BUILD, TIMEOUT, Daemon, environment, runtime_folder, wait_for


@pytest.fixture
def place():
    """Where private daemons have their folders."""
    folder = runtime_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def chaos_run(place, *words, **options):
    return subprocess.Popen(
        [BUILD / "chaos-run", *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment(XDG_RUNTIME_DIR=place, CHAOS_QUIET=1), **options,
    )  # fmt: skip


def kill_daemon(folder):
    pid = int((folder / "lock").read_text())
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}/fd/0"), "the daemon to be gone")


def begun(place):
    """A program under a private daemon that is killed: both, and the folder."""
    program = chaos_run(place, "-l", 0, "cat")
    wait_for(lambda: [*place.glob("chaos-run.*/control.sock")], "the daemon to answer")
    program.stdin.write("begun\n")
    program.stdin.flush()
    assert program.stdout.readline() == "begun\n"
    (folder,) = place.glob("chaos-run.*")
    kill_daemon(folder)
    return program, folder


@pytest.fixture
def left(place):
    """The folder of a daemon that was killed, and that nobody uses."""
    program, folder = begun(place)
    program.communicate(timeout=TIMEOUT)
    assert (folder / "ca.key").exists()
    return folder


def daemon_has_looked(place):
    """Starts a daemon elsewhere, and ends it: that it does when it has looked around."""
    daemon = Daemon(None, under=("env", f"XDG_RUNTIME_DIR={place}")).start()
    daemon.end()
    daemon.remove()


def test_later_chaos_run_removes_it(place, left):
    done = chaos_run(place, "-l", 0, "true")
    assert done.communicate(timeout=TIMEOUT) == ("", "")
    wait_for(lambda: not any(place.iterdir()), "both folders to be gone")


def test_later_daemon_removes_it(place, left):
    (left / "ca.key.new").write_text("half")
    daemon = Daemon(None, under=("env", f"XDG_RUNTIME_DIR={place}")).start()
    wait_for(lambda: not left.exists(), "it to be gone")
    daemon.remove()


def test_it_is_kept_as_long_as_a_program_uses_it(place):
    program, folder = begun(place)
    daemon_has_looked(place)
    assert (folder / "ca.key").exists() and (folder / "table").exists()
    program.communicate(timeout=TIMEOUT)
    daemon_has_looked(place)
    assert not folder.exists()


def test_strict_removes_it_at_its_end(place):
    script = 'kill -9 $(cat "$CHAOS_DIR/lock"); while kill -0 $(cat "$CHAOS_DIR/lock") 2> /dev/null; do :; done'
    done = chaos_run(place, "--strict", "-l", 0, "sh", "-c", script)
    assert done.communicate(timeout=TIMEOUT) == ("", "")
    assert done.returncode == 0 and not any(place.iterdir())


def rename(folder):
    return folder.rename(folder.parent / "chaos-run.of-mine")


def link(folder):
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to("elsewhere")
    return folder


def open_to_others(folder):
    folder.chmod(0o755)
    return folder


def empty_lock(folder):
    """As of a daemon that is about to lock it."""
    (folder / "lock").write_text("")
    return folder


def no_lock(folder):
    (folder / "lock").unlink()
    return folder


def linked_lock(folder):
    (folder / "lock").rename(folder / "x")
    (folder / "lock").symlink_to("x")
    return folder


def another_journal(folder):
    os.truncate(folder / "journal", 4096)
    return folder


@pytest.mark.parametrize(
    "change", [rename, link, open_to_others, empty_lock, no_lock, linked_lock, another_journal]
)
def test_what_may_be_something_else_is_kept(place, left, change):
    folder = change(left)
    daemon_has_looked(place)
    assert (folder / "ca.key").exists() and (folder / "table").exists()


def test_folder_of_another_user_is_kept(place, left):
    if os.geteuid() != 0:
        pytest.skip("only root can give it away")
    os.chown(left, 65534, 65534)
    daemon_has_looked(place)
    assert (left / "ca.key").exists()


def test_file_of_the_user_is_kept(place, left):
    (left / "notes").write_text("mine")
    daemon_has_looked(place)
    assert [path.name for path in left.iterdir()] == ["notes"]


def test_folder_that_was_named_is_kept(place):
    """It is not chaos-run's own, whatever its daemon."""
    folder = place / "shared"
    program = chaos_run(place, "-d", folder, "-l", 0, "cat")
    wait_for(lambda: (folder / "control.sock").exists(), "the daemon to answer")
    kill_daemon(folder)
    program.communicate(timeout=TIMEOUT)
    daemon_has_looked(place)
    assert (folder / "ca.key").exists()


def test_folder_of_a_users_own_daemon_is_kept_whatever_it_is_called(place):
    folder = place / "chaos-run.Abc123"
    folder.mkdir(0o700)
    daemon = Daemon(folder).start()
    daemon.faults({"service": "s3"})
    daemon.end()
    saved = (folder / "state.json").read_text()
    daemon_has_looked(place)
    assert (folder / "state.json").read_text() == saved


def test_daemons_that_begin_meanwhile_are_let_be(place):
    """Each looks around while the others take their locks."""
    programs = [chaos_run(place, "-l", 0, "true") for _ in range(20)]
    assert [one.communicate(timeout=TIMEOUT) for one in programs] == [("", "")] * 20
    wait_for(lambda: not any(place.iterdir()), "all to be gone")
