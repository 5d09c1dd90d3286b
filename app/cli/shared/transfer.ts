import type { ControlClient } from '../../control/client.ts';
import { standardError } from '../output.ts';
import { TransferView } from '../terminal/transfers.ts';

/** Runs a pull, push or load and shows its blobs on stderr. @param work is given the word that marks its events */
export async function withTransfers<T>(
  client: ControlClient,
  quiet: boolean,
  work: (transfer: string) => Promise<T>,
): Promise<T> {
  const transfer = crypto.randomUUID();
  const view = new TransferView(standardError());
  const events = client.onEvent((event) => {
    if (!quiet && event.kind === 'transfer' && event.transfer === transfer) view.show(event);
  });
  try {
    return await work(transfer);
  } finally {
    events[Symbol.dispose]();
  }
}
