/** What the services need of registries: images in and out, and the user's credentials. */
import type { BlobListener } from '../content/progress.ts';
import type {
  DescribeParams,
  LoginParams,
  PullParams,
  PullResult,
  PushParams,
  PushResult,
  RemoteDescription,
  SearchParams,
  SearchResult,
} from '../contract/index.ts';

export interface TransferOptions {
  readonly signal?: AbortSignal;
  /** Told of every change of a blob, and of its bytes some times a second. */
  readonly onProgress: BlobListener;
}

export interface RegistrySource {
  pull(params: PullParams, options: TransferOptions): Promise<PullResult>;
  push(params: PushParams, options: TransferOptions): Promise<PushResult>;
  describe(params: DescribeParams, signal?: AbortSignal): Promise<RemoteDescription>;
  tags(params: DescribeParams, signal?: AbortSignal): Promise<string[]>;
  search(params: SearchParams, signal?: AbortSignal): Promise<SearchResult[]>;
  /** @returns the credential helper's name, or the path of the file that holds it now */
  login(params: LoginParams, signal?: AbortSignal): Promise<{ serverAddress: string; storedIn: string }>;
  logout(serverAddress: string): Promise<{ serverAddress: string; removed: boolean }>;
}
