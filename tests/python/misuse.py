"""What an app may do wrong, in Python: each gives a typed error, and the process goes on.

    misuse.py FOLDER INVITATION        prints a line for each case that failed, and at last how many passed
"""

import asyncio
import os
import shutil
import sys
import threading
import traceback

import xuncha

CASES = []


def case(work):
    CASES.append(work)
    return work


class throws:
    """The block must raise this typed error, about this field or fault."""

    def __init__(self, kind, about=None):
        self.kind, self.about = kind, about

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        assert error is not None, f"nothing was raised, wanted {self.kind.__name__}"
        if not isinstance(error, self.kind):
            return False
        about = error.fault if isinstance(error, xuncha.FieldError.Unopened) else getattr(error, "field", None)
        assert self.about in (None, about), f"wanted {self.about}, was {about}: {error.report.details[:300]}"
        assert error.report.zh and error.report.en and len(error.report.details) < 10_000
        return True


def note(text):
    return xuncha.FindingDraft(item="SR-1", note=text)


class Office:
    def __init__(self, root):
        self.root = root
        self.notebook = self.open("notebook")

    def path(self, name):
        return os.path.join(self.root, name)

    def open(self, name, keys=None, conditions=None):
        keys = keys or xuncha.file_key_store(self.path(f"{name}.key"))
        return xuncha.Notebook.open(self.path(name), keys, conditions)


class Throwing(xuncha.ProgressListener, xuncha.ChangeListener, xuncha.Conditions, xuncha.KeyStore):
    def step(self, step):
        raise RuntimeError("a bug of the app")

    def changed(self):
        raise RuntimeError("a bug of the app")

    def is_metered(self):
        raise RuntimeError("a bug of the app")

    def is_wifi(self):
        return "not a truth value"

    def is_charging(self):
        return True

    def load(self):
        raise RuntimeError("a bug of the app")

    def save(self, seed):
        raise RuntimeError("a bug of the app")


@case
async def empty_and_huge_strings(office):
    huge = "长" * 34_000_000
    for text, field in (("", "note"), (huge, "body")):
        with throws(xuncha.FieldError.Invalid, field):
            office.notebook.record(note(text))
        with throws(xuncha.FieldError.Invalid, "id"):
            office.notebook.finding(text)
        with throws(xuncha.FieldError.Invalid, "folder"):
            xuncha.Notebook.open(text, xuncha.file_key_store(office.path("x.key")), None)
        with throws(xuncha.FieldError.Invalid, "photo"):
            office.notebook.seal_photo(text)
    with throws(xuncha.FieldError.Invalid, "photo"):
        office.notebook.seal_photo_bytes(bytes(100_000_000))
    assert office.notebook.list().size() == 0


@case
async def a_lone_surrogate_is_no_text(office):
    try:
        office.notebook.record(note("\ud800"))
    except (xuncha.FieldError, UnicodeEncodeError):
        return
    raise AssertionError("it was recorded")


@case
async def two_on_one_folder_and_a_folder_that_goes(office):
    with throws(xuncha.FieldError.Unopened, xuncha.OpenFault.IN_USE):
        office.open("notebook")
    doomed = office.open("doomed")
    doomed.save_draft(note("before"))
    shutil.rmtree(office.path("doomed"))
    with throws(xuncha.FieldError):
        doomed.seal_photo_bytes(b"\xff\xd8\xff\xe0" + bytes(1_000))
    with throws(xuncha.FieldError):
        doomed.save_draft(note("after"))


@case
async def an_app_that_throws(office):
    office.notebook.record(note("进度"))
    with throws(xuncha.FieldError.Invalid, "listener"):
        await office.notebook.sync(Throwing())
    assert office.notebook.status().pending == 0
    subscription = office.notebook.watch(Throwing())
    while subscription.fault() is None:
        await asyncio.sleep(0.005)
    assert "a bug of the app" in subscription.fault()
    with throws(xuncha.FieldError.Unopened, xuncha.OpenFault.KEY_UNAVAILABLE):
        office.open("keys", keys=Throwing())


@case
async def conditions_that_throw(office):
    office.notebook.shut()
    office.notebook = office.open("notebook", conditions=Throwing())
    with throws(xuncha.FieldError.Invalid, "conditions"):
        await office.notebook.sync()
    office.notebook.shut()
    office.notebook = office.open("notebook")


@case
async def many_threads_on_one_notebook(office):
    before, wrong = office.notebook.list(None, 10_000).size(), []

    def work(number):
        try:
            for turn in range(20):
                finding = office.notebook.record(note(f"线程 {number} 第 {turn} 条"))
                office.notebook.amend(finding, xuncha.FindingDraft(severity=xuncha.Severity.HIGH))
                assert office.notebook.finding(finding).severity == xuncha.Severity.HIGH
                office.notebook.list(None, 20)
        except BaseException as error:
            wrong.append(error)

    crowd = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert not wrong, wrong
    await office.notebook.sync()
    listed = office.notebook.list(None, 10_000)
    assert listed.size() == before + 120
    assert listed.read(100, 20) == listed.read(0, 10_000)[100:120] and listed.read(10_000, 1) == []
    assert listed == office.notebook.list(None, 10_000) and listed != office.notebook.list(None, 5)
    assert office.notebook.check() == []


@case
async def calls_after_the_end(office):
    office.notebook.shut()
    with throws(xuncha.FieldError.Unopened, xuncha.OpenFault.SHUT):
        office.notebook.record(note("x"))
    with throws(xuncha.FieldError.Unopened, xuncha.OpenFault.SHUT):
        await office.notebook.sync()


async def main():
    root, invitation = sys.argv[1:]
    office = Office(root)
    await office.notebook.enrol(invitation)
    failed = 0
    for work in CASES:
        try:
            await work(office)
        except BaseException:
            failed += 1
            print(f"FAILED {work.__name__}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(CASES) - failed} passed, {failed} failed")


if __name__ == "__main__":
    asyncio.run(main())
