// `@bufbuild/cel` as a child: see `mod.rs`. The package must be where node looks for it.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const near = createRequire(`${process.cwd()}/`);
const load = (name) => import(pathToFileURL(near.resolve(name)));
const cel = await load("@bufbuild/cel");
const { strings } = await load("@bufbuild/cel/ext");
const environment = cel.celEnv({ funcs: strings });

function double(value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function nanoseconds(message) {
  return (message.seconds * 1000000000n + BigInt(message.nanos)).toString();
}

function shown(value) {
  if (value === null) return ["null"];
  if (typeof value === "boolean") return ["bool", value];
  if (typeof value === "bigint") return ["int", value.toString()];
  if (typeof value === "number") return ["double", double(value)];
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new Error("a text with half a character");
    return ["string", value];
  }
  if (value instanceof Uint8Array) return ["bytes", hex(value)];
  if (cel.isCelUint(value)) return ["uint", value.value.toString()];
  if (cel.isCelType(value)) return ["type", value.name];
  if (cel.isCelList(value)) return ["list", Array.from(value, shown)];
  if (cel.isCelMap(value)) {
    return ["map", Array.from(value.entries(), ([key, it]) => [shown(key), shown(it)])];
  }
  const message = value.message ?? value;
  if (message.$typeName === "google.protobuf.Timestamp") return ["time", nanoseconds(message)];
  if (message.$typeName === "google.protobuf.Duration") return ["span", nanoseconds(message)];
  throw new Error(`no value of CEL: ${Object.prototype.toString.call(value)}`);
}

function answer(expression) {
  let planned;
  try {
    planned = cel.plan(environment, cel.parse(expression));
  } catch (error) {
    return { refused: String(error.message) };
  }
  try {
    const value = planned();
    return cel.isCelError(value) ? { failed: String(value.message) } : { value: shown(value) };
  } catch (error) {
    return { failed: String(error.message) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`\u001e${JSON.stringify(answer(JSON.parse(line)))}\n`);
}
