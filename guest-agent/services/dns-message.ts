/** Answers as DNS messages (RFC 1035), of the size that the asker takes (RFC 6891). */
import {
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
  type Answer,
  type OptAnswer,
  type Packet,
} from 'dns-packet';
import type { LookUpAnswer } from '../protocol/names.ts';

/** RFC 1035, 4.1.1. */
export const rcode = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4 } as const;
export type Rcode = (typeof rcode)[keyof typeof rcode];

/** Bytes: without EDNS (RFC 1035, 4.2.1), and the most that is sent in one datagram whatever was offered. */
const plainDatagram = 512;
const largestDatagram = 4096;
const largestMessage = 65_535;

export type Transport = 'udp' | 'tcp';

/** The records that fit, whole; by UDP with the sign that there are more, for which the asker comes by TCP. */
export function response(query: Packet, answers: readonly Answer[], code: Rcode, transport: Transport): Buffer {
  const offer = query.additionals?.find((one): one is OptAnswer => one.type === 'OPT');
  const limit = transport === 'tcp' ? largestMessage : datagramLimit(offer);
  const message = (kept: readonly Answer[], flags: number): Buffer =>
    encode({
      ...{ type: 'response', id: query.id, questions: query.questions, answers: [...kept] },
      flags: RECURSION_DESIRED | RECURSION_AVAILABLE | flags | code,
      ...(offer !== undefined && { additionals: [ownOffer] }),
    });
  const whole = message(answers, 0);
  if (whole.length <= limit) return whole;
  let [fits, tooMany] = [0, answers.length];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (message(answers.slice(0, middle), TRUNCATED_RESPONSE).length <= limit) fits = middle;
    else tooMany = middle;
  }
  return message(answers.slice(0, fits), TRUNCATED_RESPONSE);
}

const ownOffer: OptAnswer = {
  ...{ type: 'OPT', name: '.', udpPayloadSize: largestDatagram, extendedRcode: 0, ednsVersion: 0, flags: 0 },
  ...{ flag_do: false, options: [] },
};

function datagramLimit(offer: OptAnswer | undefined): number {
  return Math.min(Math.max(offer?.udpPayloadSize ?? 0, plainDatagram), largestDatagram);
}

/** @param ttl seconds */
export function recordsOf(name: string, answer: LookUpAnswer, ttl: number): { answers: Answer[]; code: Rcode } {
  switch (answer.outcome) {
    case 'found':
      return { answers: answer.records.map((record): Answer => ({ ...record, name, ttl })), code: rcode.ok };
    case 'no-data':
      return { answers: [], code: rcode.ok };
    case 'no-such-name':
      return { answers: [], code: rcode.noSuchName };
    case 'failed':
      return { answers: [], code: rcode.serverFailure };
  }
}
