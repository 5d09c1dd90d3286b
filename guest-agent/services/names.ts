/** Names and ids of containers and volumes: their form, and made-up ones. */
import { randomBytes, randomInt } from 'node:crypto';
import { EngineError } from '../protocol/errors.ts';

const adjectives =
  'able agile airy amber ample azure bold brave breezy bright brisk calm candid careful cheery clever cosy crisp ' +
  'curious dapper daring deft dewy eager earnest easy fair fancy fleet fluent fond frank fresh gentle giddy glad ' +
  'golden grand happy hardy hazel hearty honest humble jaunty jolly keen kind lively loyal lucid lucky mellow merry ' +
  'mighty mild modest neat nimble noble patient placid plucky polite proud quick quiet rapid ready robust rosy serene ' +
  'sharp silent silver sleek smart snug sober solid spry steady still sunny swift tidy trusty upbeat vivid warm wise witty zesty';
const nouns =
  'alder anchor aspen badger barge beacon birch bison brook canoe cedar comet coral crane creek curlew dolphin dune ' +
  'eagle elm ember falcon fern ferry finch fjord fox gannet glacier glade grove gull harbour hare harrier hawk hazel ' +
  'heron hollow ibis iris island jay juniper kestrel kite lagoon lark ledge linden lynx maple marlin marsh marten meadow ' +
  'meteor moose moth narwhal nebula oak orca osprey otter owl pebble petrel pine plover puffin quail quay raven reef ridge ' +
  'river robin rowan seal skiff sloop sparrow spruce starling stork summit swan tern thistle thrush tide trout valley vole ' +
  'walrus willow wren yew';

const adjectiveList = adjectives.split(' ');
const nounList = nouns.split(' ');
const form = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** 64 lower-case hexadecimal digits, as Docker's ids. */
export function newId(): string {
  return randomBytes(32).toString('hex');
}

/** `adjective_noun`, with a number behind it once chance has met a taken name a few times. */
export function madeUpName(taken: (name: string) => boolean): string {
  for (let tries = 0; ; tries += 1) {
    const words = `${pick(adjectiveList)}_${pick(nounList)}`;
    const name = tries < 8 ? words : `${words}${randomInt(10 ** Math.min(2 + tries - 8, 9))}`;
    if (!taken(name)) return name;
  }
}

/** @throws EngineError `invalid-argument` */
export function checkName(what: string, name: string): void {
  if (form.test(name) && name.length <= 255) return;
  throw new EngineError('invalid-argument', `${what} name ${JSON.stringify(name.slice(0, 80))} cannot be used.`, {
    hint: 'Use letters, digits, underscore, dot and hyphen; begin with a letter or digit; at least two characters.',
  });
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? 'plain';
}
