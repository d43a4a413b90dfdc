import { parseDirectives } from "../log/directives.js";
import type { LogLayer, LogSettings } from "../log/settings.js";
import type { Values } from "./load.js";

/** The settings of `[tracing]`, `verbose`, `quiet` and the log file's path, as `openLog` takes them. */
export function logSettings(
  values: Values,
  stdoutEnabled: (layer: LogLayer, verbosity: number) => boolean,
): LogSettings {
  const verbosity = values.number("verbose") - values.number("quiet");
  const stdout = layerOf(values, "tracing.stdout");
  return {
    verbosity,
    stdout: { enabled: stdoutEnabled(stdout, verbosity), layer: stdout },
    file: {
      path: values.certainText("tracing_absolute_path"),
      verbosity: values.number("tracing.file.verbose") - values.number("tracing.file.quiet"),
      layer: layerOf(values, "tracing.file.layer"),
    },
  };
}

function layerOf(values: Values, table: string): LogLayer {
  const directives = parseDirectives(values.text(`${table}.directives`) ?? "");
  return {
    withTarget: values.switch(`${table}.with_target`),
    withThreadIds: values.switch(`${table}.with_thread_ids`),
    withThreadNames: values.switch(`${table}.with_thread_names`),
    withLineNumber: values.switch(`${table}.with_line_number`),
    withLevel: values.switch(`${table}.with_level`),
    directives: typeof directives === "string" ? [] : directives,
  };
}
