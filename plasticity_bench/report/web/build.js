/**
 * @file Bundles src/*.js into report.js, which the report's page embeds.
 *
 * `npm run build` writes the bundle; `npm run check` fails if it is not what the sources give.
 */

import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const WEB = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(WEB, "../../..");
const SOURCES = path.join(WEB, "src");
const BUNDLE = path.join(WEB, "report.js");

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");

/** Returns the digest of all sources: of each name, a line feed and the content, sorted by name. */
async function sourceDigest() {
  const names = (await readdir(SOURCES)).filter((name) => name.endsWith(".js")).sort();
  const parts = names.map(async (name) => [`${name}\n`, await readFile(path.join(SOURCES, name))]);
  return sha256(...(await Promise.all(parts)).flat());
}

/** Returns the licences of the libraries in the bundle as a comment: each text once, with its packages. */
async function licences(inputs) {
  const packages = new Set(inputs.map((file) => file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean));
  const users = new Map();
  for (const name of [...packages].sort()) {
    const text = (await readFile(path.join(ROOT, "node_modules", name, "LICENSE"), "utf8")).trim();
    users.set(text, [...(users.get(text) || []), name]);
  }
  const parts = [...users].map(([text, names]) => `${names.join(", ")}:\n${text}`);
  return `/* Libraries in this file, and their licences:\n\n${parts.join("\n\n").replaceAll("*/", "* /")}\n*/`;
}

/** Returns the text of the bundle. Its header lets tests without Node.js see that it is current. */
async function bundle() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    banner: { js: '"use strict";' }, // as modules are
    entryPoints: [path.join(SOURCES, "main.js")],
    bundle: true,
    charset: "utf8",
    format: "iife",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    minify: true,
    target: "es2020",
    write: false,
  });
  const code = `${await licences(Object.keys(metafile.inputs))}\n${outputFiles[0].text}`;
  return [
    "// Generated from plasticity_bench/report/web/src by `npm run build`: do not edit.",
    `// sha256 of the sources: ${await sourceDigest()}`,
    `// sha256 of the code below: ${sha256(code)}`,
    code,
  ].join("\n");
}

const text = await bundle();
if (process.argv.includes("--check")) {
  const checkedIn = await readFile(BUNDLE, "utf8").catch(() => "");
  if (checkedIn !== text) {
    console.error(`${path.relative(ROOT, BUNDLE)} is not what its sources give: run \`npm run build\` and commit it.`);
    process.exitCode = 1;
  }
} else {
  await writeFile(BUNDLE, text);
}
