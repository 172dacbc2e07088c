const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ALONE = new RegExp(`^${UUID}$`, 'i');
const LINK = new RegExp(`/findings/(${UUID})(?:[/?#]|$)`, 'i');

/** The id of the finding that a text names: a link to its page, or the id itself. None where it is words to look for. */
export function named(text: string): string | undefined {
  const said = text.trim();
  const id = ALONE.test(said) ? said : LINK.exec(said)?.[1];
  return id?.toLowerCase();
}
