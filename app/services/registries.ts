import { RegistryClient } from '../content/registry/client.ts';
import type { RegistryClientOptions } from '../content/registry/client.ts';
import { parsePlatform } from '../content/oci.ts';
import type { Credential } from '../content/registry/docker-config.ts';
import type { RegistryAuth } from '../contract/index.ts';
import type { RegistrySource } from './registry-source.ts';

/** @param ownPlatform `os/arch` of this host's machines */
export function registrySource(options: RegistryClientOptions, ownPlatform: string): RegistrySource {
  const client = new RegistryClient(options);
  return {
    pull: ({ reference, platform, allPlatforms, auth }, transfer) =>
      client.pull({
        reference,
        ...transfer,
        ...given(auth),
        platform: allPlatforms === true ? 'all' : parsePlatform(platform || ownPlatform),
        strict: Boolean(platform),
      }),
    push: ({ reference, platform, auth }, transfer) =>
      client.push({ reference, ...transfer, ...given(auth), ...(platform && { platform: parsePlatform(platform) }) }),
    describe: async ({ reference, auth }, signal) => {
      const { descriptor, platforms } = await client.describe({ reference, signal, ...given(auth) });
      const { mediaType, digest, size } = descriptor;
      return { mediaType, digest, sizeBytes: size, platforms };
    },
    tags: ({ reference, auth }, signal) => client.tags({ reference, signal, ...given(auth) }),
    search: async ({ term, limit, auth }, signal) => await client.search({ term, limit, ...given(auth) }, signal),
    login: ({ serverAddress, store, ...auth }, signal) =>
      client.login(serverAddress, credentialOf(auth), { signal, store }),
    logout: (serverAddress) => client.logout(serverAddress),
  };
}

/** An empty one stands for none. */
function given(auth: RegistryAuth | undefined): { credential?: Credential } {
  return auth?.username || auth?.identityToken ? { credential: credentialOf(auth) } : {};
}

function credentialOf({ username = '', password = '', identityToken = '' }: RegistryAuth): Credential {
  return { username, password, identityToken };
}
