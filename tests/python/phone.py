"""A phone that speaks Python: reads one call a line, with tabs between its words, and says what came of it.

The calls are those of the stories in tests/it/bindings; each is handed to the generated module as an app would do
it. A reply is `ok` and its words, or `err`, the variant, the code, the field and the words to show.
"""

import asyncio
import datetime
import sys

import xuncha

GIVEN = "\x1f"


def draft(fields):
    """A draft from words such as `note=…`."""
    wanted = {}
    for field in fields:
        name, _, value = field.partition("=")
        if name == "severity":
            wanted[name] = xuncha.Severity[value.upper()]
        elif name == "tag":
            wanted.setdefault("add_tags", []).append(value)
        elif name == "at":
            lat, lon = value.split(",")
            wanted["place"] = xuncha.Place(lat=float(lat), lon=float(lon), accuracy=8.0, provider="gps")
        elif name not in ("photo", "bytes"):
            wanted[name] = value
    return xuncha.FindingDraft(**wanted)


def text(value):
    if value is None:
        return ""
    if isinstance(value, xuncha.Value):
        return value.text if value.is_TEXT() else str(value)
    return str(value)


class Phone:
    """One notebook and the calls that it takes."""

    def __init__(self):
        self.notebook = None
        self.heard = Heard()

    def photos(self, fields):
        """Photos by their path, or as bytes."""
        sealed = []
        for kind, _, path in (field.partition("=") for field in fields):
            if kind == "photo":
                sealed.append(self.notebook.seal_photo(path))
            elif kind == "bytes":
                with open(path, "rb") as file:
                    sealed.append(self.notebook.seal_photo_bytes(file.read()))
        return sealed

    async def open(self, folder, key):
        self.notebook = xuncha.Notebook.open(folder, xuncha.file_key_store(key), None)

    async def open_as_new_device(self, folder, key):
        self.notebook = xuncha.Notebook.open_as_new_device(folder, xuncha.file_key_store(key), None)

    async def enrol(self, invitation):
        return [(await self.notebook.enrol(invitation)).name]

    async def sign_in(self, invitation):
        return [(await self.notebook.sign_in(invitation)).name]

    async def record(self, *fields):
        return [self.notebook.record(draft(fields), self.photos(fields))]

    async def amend(self, finding, *fields):
        return [self.notebook.amend(finding, draft(fields), self.photos(fields))]

    async def void(self, finding, reason):
        return [self.notebook.void(finding, reason)]

    async def fix(self, finding, *fields):
        return [self.notebook.fix_on_the_spot(finding, self.photos(fields))]

    async def notices(self):
        return [
            GIVEN.join([it.id, it.status, text(it.number), str(len(it.findings)), str(len(it.deadlines)), text(it.demand)])
            for it in self.notebook.notices()
        ]

    async def sign(self, notice):
        return [self.notebook.sign_for(notice)]

    async def reply(self, finding, words, *fields):
        return [self.notebook.reply(finding, words, self.photos(fields))]

    async def send_back(self, finding, reason, *fields):
        return [self.notebook.return_finding(finding, reason, self.photos(fields))]

    async def close(self, finding, check, *fields):
        return [self.notebook.close_finding(finding, check, self.photos(fields))]

    async def give_back(self, finding, reason):
        return [self.notebook.give_back(finding, reason)]

    async def extend(self, finding, until, reason):
        return [self.notebook.request_extension(finding, datetime.datetime.fromisoformat(until), reason)]

    async def appeal(self, notice, words):
        return [self.notebook.appeal(notice, words)]

    async def finding(self, finding):
        one = self.notebook.finding(finding)
        return [one.status, text(one.note), str(len(one.photos)), str(one.evidence.originals), GIVEN.join(one.tags)]

    async def list(self):
        listed, key = [], None
        while True:
            page = self.notebook.list(key, 100)
            rows = page.read(0, page.size())
            listed += [GIVEN.join([one.finding.id, text(one.finding.index), text(one.finding.note)]) for one in rows]
            if not rows:
                return listed
            key = page.last_key()

    async def near(self, lat, lon, metres):
        return [one.finding.id for one in self.notebook.near(float(lat), float(lon), float(metres))]

    async def sync(self):
        synced = await self.notebook.sync(None, None, 1)
        counts = [synced.pushed, synced.accepted, synced.refused, synced.conflicts, synced.files_sent]
        return [str(count) for count in counts]

    async def status(self):
        status = self.notebook.status()
        counts = [status.pending, status.refused, status.conflicts, status.files_waiting, status.freeable_bytes]
        return [str(count) for count in counts] + [text(status.name)]

    async def conflicts(self):
        said = lambda conflict: [conflict.current, *conflict.rivals]
        values = lambda conflict: [f"{text(claim.value)}={claim.op}" for claim in said(conflict)]
        return [GIVEN.join([one.entity, one.field, *values(one)]) for one in self.notebook.conflicts()]

    async def resolve(self, entity, field, op):
        return [self.notebook.resolve(entity, field, op)]

    async def refused(self):
        return [GIVEN.join([one.op, one.code, one.zh]) for one in self.notebook.refused()]

    async def correct(self, op, *fields):
        return [self.notebook.correct(op, draft(fields), self.photos(fields))]

    async def dismiss(self, op):
        self.notebook.dismiss(op)

    async def save_draft(self, *fields):
        return [self.notebook.save_draft(draft(fields))]

    async def drafts(self):
        return [GIVEN.join([one.id, text(one.draft.note)]) for one in self.notebook.drafts()]

    async def record_draft(self, which):
        return [self.notebook.record_draft(which)]

    async def tasks(self):
        return [GIVEN.join([one.id, one.name]) for one in self.notebook.tasks(True)]

    async def places(self):
        return [GIVEN.join([one.id, one.name]) for one in self.notebook.places()]

    async def catalogue(self):
        catalogue = self.notebook.catalogue()
        return [] if catalogue is None else [catalogue.version, catalogue.actions[0].items[0].name.zh]

    async def start(self, task):
        return [self.notebook.start_inspection(xuncha.Visit(task=task))]

    async def checklist(self, visit):
        return [GIVEN.join([one.item.id, text(one.missing)]) for one in self.notebook.checklist(visit)]

    async def answer(self, visit, item, is_right):
        return [self.notebook.answer(visit, item, xuncha.Answer(is_right=xuncha.Is[is_right.upper()]))]

    async def answer_with_finding(self, visit, item, count, *fields):
        values = {"count": xuncha.Value.NUMBER(float(count))}
        answer = xuncha.Answer(values=values)
        photos = self.photos(fields)
        return [self.notebook.answer_with_finding(visit, item, answer, draft(fields), photos)]

    async def finish(self, visit):
        return [self.notebook.finish_inspection(visit)]

    async def photos_of(self, finding):
        return [GIVEN.join([one.id, type(one.original).__name__.split(".")[-1]]) for one in self.notebook.photos(finding)]

    async def picture(self, finding, photo):
        return [text(self.notebook.picture(finding, photo, xuncha.Which.THUMBNAIL))]

    async def fetch(self, finding, photo):
        return [await self.notebook.fetch_preview(finding, photo, xuncha.Which.THUMBNAIL)]

    async def previews(self):
        return [str((await self.notebook.make_previews()).made)]

    async def free(self):
        freed = await self.notebook.free_space()
        return [str(freed.files), text(freed.not_yet)]

    async def export(self, path):
        exported = await self.notebook.export_bundle(path)
        return [str(exported.ops), str(exported.files)]

    async def people(self):
        return [GIVEN.join([one.user, one.name, str(one.is_current).lower()]) for one in self.notebook.people()]

    async def set_pin(self, pin):
        self.notebook.set_pin(pin)

    async def switch_to(self, user, pin):
        self.notebook.switch_to(user, pin)

    async def lock(self):
        self.notebook.lock()

    async def suspend(self):
        self.notebook.suspend(datetime.timedelta(seconds=5))

    async def resume(self):
        self.notebook.resume()

    async def shut(self):
        self.notebook.shut()

    async def check(self):
        return self.notebook.check()

    async def watch(self):
        self.subscription = self.notebook.watch(self.heard)

    async def heard_of(self, count):
        reached = await asyncio.get_running_loop().run_in_executor(None, self.heard.reach, int(count))
        return [str(reached).lower()]


class Heard(xuncha.ChangeListener):
    """Counts what it is told."""

    def __init__(self):
        import threading

        self.times = 0
        self.told = threading.Condition()

    def changed(self):
        with self.told:
            self.times += 1
            self.told.notify_all()

    def reach(self, count):
        with self.told:
            return self.told.wait_for(lambda: self.times >= count, timeout=60)


def fault(error):
    field = getattr(error, "field", "")
    if isinstance(error, xuncha.FieldError.Unopened):
        field = error.fault.name
    return ["err", type(error).__name__, error.report.code, field, error.report.zh, error.report.en]


async def main():
    phone = Phone()
    for line in sys.stdin:
        call, *words = line.rstrip("\n").split("\t")
        try:
            said = await getattr(phone, call)(*words)
            reply = ["ok", *(said or [])]
        except xuncha.FieldError as error:
            reply = fault(error)
        print("\t".join(reply), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
