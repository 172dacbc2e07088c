// Parses Swift sources and says where they do not; a weak check, where there is no compiler.
//
//     node parse.mjs FOLDER…       exits with 1 when anything does not parse
import { createRequire } from "node:module";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const Parser = require("tree-sitter");
const parser = new Parser();
parser.setLanguage(require("tree-sitter-swift"));

const filesBelow = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "build" ? [] : filesBelow(path);
    return entry.name.endsWith(".swift") ? [path] : [];
  });

// What the grammar does not know and the language does: conditional compilation inside a declaration, and some words
// that uniffi's generator writes.
const plain = (text) =>
  text
    .replace(/#if swift\(>=5\.8\)\n@_documentation\(visibility: private\)\n#endif\n/g, "")
    .replace(/^ *#(if|elseif) .*$|^ *#(else|endif)$/gm, "")
    .replaceAll("nonisolated(unsafe) ", "")
    .replaceAll("{ () }", "{ nothing in nothing }");

const faults = (node, found = []) => {
  if (node.type === "ERROR" || node.isMissing) found.push(node);
  else if (node.hasError) node.children.forEach((child) => faults(child, found));
  return found;
};

let failed = false;
for (const path of process.argv.slice(2).flatMap(filesBelow)) {
  const text = plain(readFileSync(path, "utf8"));
  const lines = text.split("\n").map((line) => line + "\n");
  const piece = (_, at) => lines[at.row]?.slice(at.column) ?? null;
  const wrong = faults(parser.parse(piece).rootNode);
  console.log(`${path}: ${wrong.length === 0 ? "parses" : `${wrong.length} faults`}`);
  for (const node of wrong.slice(0, 20)) {
    failed = true;
    console.log(`  ${node.startPosition.row + 1}:${node.startPosition.column + 1} ${lines[node.startPosition.row]?.trim()}`);
  }
}
process.exit(failed ? 1 : 0);
