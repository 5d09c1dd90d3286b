/** Platforms as Docker's requests write them: OCI's in JSON, one for each value of the parameter. */
import * as v from 'valibot';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { Text, decode, parseJson, type Query } from './decode.ts';
import { refusal } from './error.ts';
import { withTag } from './reference.ts';

const OciPlatform = v.object({ os: Text, architecture: Text, variant: Text, 'os.version': Text });

/** @returns `os/arch[/variant]` each. @throws EngineError `invalid-argument` */
export function platformsOf(query: Query, name: string): string[] {
  return [
    ...new Set(
      query
        .all(name)
        .filter((text) => text !== '')
        .map(platformOf),
    ),
  ];
}

/** @throws EngineError `invalid-argument` for more than one, too */
export function onePlatformOf(query: Query): string | undefined {
  const [platform, ...more] = platformsOf(query, 'platform');
  if (more.length === 0) return platform;
  throw new EngineError('invalid-argument', 'multiple platform parameters not supported');
}

function platformOf(text: string): string {
  const { os, architecture, variant, 'os.version': version } = decode(OciPlatform, parseJson(text));
  if (os !== '' && architecture !== '') return [os, architecture, ...(variant === '' ? [] : [variant])].join('/');
  const isOptional = os === '' && architecture === '' && (variant !== '' || version !== '');
  throw new EngineError(
    'invalid-argument',
    isOptional
      ? 'optional platform fields provided, but OS and Architecture are missing'
      : 'both OS and Architecture must be provided',
  );
}

/** For `catch`: an image that is here, but not for that platform, is told in Docker's words. */
export function platformWords(say: (image: string, platform: string) => string = notProvided) {
  return (error: unknown): never => {
    if (!(error instanceof EngineError && error.code === 'wrong-platform')) throw error;
    const { reference = '', platform = '' } = error.data ?? {};
    throw refusal(404, say(withTag(String(reference)), String(platform)));
  };
}

function notProvided(image: string, platform: string): string {
  return `image with reference ${image} was found but does not provide the specified platform (${platform})`;
}
