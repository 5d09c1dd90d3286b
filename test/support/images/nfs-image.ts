/** Debian's NFS server in user space as an image: NFSv4 with one empty share in memory, `/share`. */
import { type ImageRecipe, minbase } from './recipes.ts';

const configuration = `NFS_CORE_PARAM { Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = None; Allow_Set_Io_Flusher_Fail = true; }
NFSv4 { Graceless = true; RecoveryBackend = fs; RecoveryRoot = /run/ganesha; Only_Numeric_Owners = true; }
EXPORT { Export_Id = 1; Path = /share; Pseudo = /share; Access_Type = RW; Squash = No_Root_Squash; SecType = sys; FSAL { Name = MEM; } }
MEM { Inode_Size = 4096; }
LOG { Default_Log_Level = WARN; }
`;

const command = 'mkdir -p /run/ganesha && exec ganesha.nfsd -F -L /dev/stderr -f /etc/nfs.conf -p /run/ganesha/pid';

export const nfsImages = {
  nfs: {
    layers: [
      minbase,
      { packages: ['nfs-ganesha', 'nfs-ganesha-mem'], files: [{ path: 'etc/nfs.conf', text: configuration }] },
    ],
    config: { Cmd: ['sh', '-c', command], Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] },
  },
} as const satisfies Readonly<Record<string, ImageRecipe>>;
