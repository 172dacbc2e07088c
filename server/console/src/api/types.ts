// What the ledger's API answers with: the fields of each kind that the pages read.

export type Time = string;
export type Id = string;

export interface Place {
  lat?: number;
  lon?: number;
  accuracy?: number;
  provider?: string;
  words?: string;
  id?: Id;
}

export interface Photo {
  original: string;
  taken?: Time;
  source?: string;
  place?: Place;
  shows?: string;
}

export interface Preview {
  original: string;
  display: string;
  thumbnail: string;
  width: number;
  height: number;
  stamped: boolean;
}

export interface Evidence {
  expected: number;
  originals: number;
  displays: number;
  thumbnails: number;
}

/** One of the values that stand against each other in a field; the first is the one that counts now. */
export interface Claim {
  value: unknown;
  op: string;
  by?: Id;
  device?: string;
  at: Time;
  index?: number;
}

export interface Dispute {
  field: string;
  values: Claim[];
}

export type Severity = 'low' | 'medium' | 'high' | 'urgent';
export type Standing = 'running' | 'suspended' | 'overdue' | 'on_time' | 'late';

export interface TimeLimit {
  amount: number;
  clock: 'urgent_hour' | 'working_hour' | 'working_day' | 'calendar_day';
}

interface Line {
  id: Id;
  kind: string;
  index: number;
  status: string;
  /** Steps that its state and the caller's rights allow. */
  open: string[];
}

export interface Finding extends Line {
  kind: 'finding';
  by?: Id | null;
  at: Time;
  reason?: string;
  item?: string | null;
  place?: Place | null;
  note?: string | null;
  severity?: Severity | null;
  photos: Record<string, Photo>;
  previews?: Record<string, Preview>;
  evidence: Evidence;
  tags: string[];
  areas: Id[];
  values?: Record<string, unknown>;
  disputes?: Dispute[];
  unit?: Id;
  section?: string;
  person?: Id;
  lead?: Id;
  deadline?: Time;
  limit?: TimeLimit;
  demand?: string;
  notice?: Id;
  reply?: string;
  replied?: Time;
  claimed?: Time;
  rework?: number;
  asked?: string;
  condition?: string;
  unseen?: string;
  wanted?: Time;
  wanted_because?: string;
  suspended?: string;
  stopped?: Time;
  exempt?: string;
  closed?: Time;
  check?: string;
  of?: Id;
  dispatched?: Time;
  source?: Record<string, unknown>;
  notes?: { id: string; text: string }[];
  standing?: Standing | null;
}

/** What one person said about an appeal. */
export interface Vote {
  by?: Id;
  says: string;
  because?: string;
  at?: Time;
}

export interface Notice extends Line {
  kind: 'notice';
  by?: Id | null;
  number?: string;
  unit?: Id | null;
  source: string;
  level: number;
  before?: Id;
  /** The notice that took over what was left of this one. */
  next?: Id;
  findings: Id[];
  /** Findings that are on it no more. */
  struck?: Id[];
  limits: Record<Id, TimeLimit>;
  deadlines: Record<Id, Time>;
  /** Hundredths of a point. */
  points: Record<Id, number>;
  demand?: string;
  basis?: string;
  leader?: string;
  person?: string;
  phone?: string;
  photos?: Record<string, Photo>;
  issued?: Time;
  sign_by?: Time;
  signed?: Time;
  closed?: Time;
  appeal?: string;
  /** Findings that the appeal is about; all of them where it names none. */
  appeal_of?: Id[];
  appealed?: Time;
  /** What was said about the appeal so far; hidden from units. */
  votes?: Vote[];
  heard?: Time;
  appeal_result?: string;
  disputes?: Dispute[];
  reason?: string;
  face?: unknown;
}

export interface Deduction extends Line {
  kind: 'deduction';
  unit?: Id | null;
  finding?: Id | null;
  rule?: string;
  action?: string;
  /** Hundredths of a point; negative where a row is set off. */
  points: number;
  month?: string;
  reason?: string;
  of?: Id;
}

export interface Kinds {
  findings: Finding;
  notices: Notice;
  deductions: Deduction;
}

export interface Page<T> {
  lines: T[];
  next?: string;
}

export interface Said {
  index: number;
  kind: string;
  op: string;
  by?: Id | null;
  device?: string | null;
  at: Time;
  received: Time;
  body?: Record<string, unknown>;
  judged: unknown;
}

export interface Session {
  user: Id;
  name: string;
  roles: string[];
  rights: string[];
  unit?: Id;
  /** Seconds without a request after which it is over. */
  idle: number;
}

export interface Unit {
  id: Id;
  name: string;
  code?: string;
  status: string;
}

export interface Area {
  id: Id;
  name: string;
  unit?: Id;
  status: string;
  /** West, south, east, north. */
  box?: [number, number, number, number];
}

export interface Person {
  id: Id;
  name: string;
  roles: string[];
  unit?: Id;
  status: string;
}

export interface Words {
  zh: string;
  en: string;
}

export interface Action extends Words {
  id: string;
}

export interface Item extends Words {
  id: string;
  action: string;
  retired?: boolean;
  filing?: Words;
  closing?: Words;
  limits?: unknown[];
  points?: unknown;
  photos?: unknown;
  /** What is asked besides yes or no. */
  asks?: (Words & { name: string; unit?: Words })[];
}

export interface City {
  ledger: Id;
  name: string;
  zone: string;
  epoch: number;
  size: number;
  durable_size?: number;
  map: { style?: string; tiles?: string; attribution?: string; shift: 'none' | 'gcj02' };
  /** Notices can be had as PDF. */
  pdf: boolean;
  units: Unit[];
  areas: Area[];
  people: Person[];
  actions: Action[];
  items: Item[];
}

export interface Change {
  index: number;
  entity: Id;
  kind: string;
  gone: boolean;
}

export interface StepReply {
  verdict: Record<string, unknown>;
  now?: Finding | Notice | Deduction | Record<string, unknown>;
}
