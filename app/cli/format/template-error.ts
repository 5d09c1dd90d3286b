import { EngineError } from '../../base/error.ts';

/** A `--format` template that cannot be read or does not fit the data. */
export function templateError(message: string): EngineError {
  return new EngineError('invalid-argument', `--format: ${message}`, {
    hint: "Templates are Go's: {{.Name}}, {{range .List}}…{{end}}; --format json shows all fields.",
    data: { cliExit: 1 },
  });
}
