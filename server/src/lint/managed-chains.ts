/** Chains that a program writes and keeps up to date, told by their names. */

export interface ChainKeeper {
  readonly name: string;
  readonly pattern: RegExp;
  /** The role of a host whose own agent may well write the file. */
  readonly role?: 'docker-host' | 'kubernetes-node' | 'openstack-compute';
  /** It keeps files of its own in this very format. */
  readonly keepsFiles?: true;
}

/** `DOCKER-USER` is for people: Docker only makes sure that it is there. */
const KEEPERS: readonly ChainKeeper[] = [
  { name: 'Docker', pattern: /^DOCKER(?!-USER$)/, role: 'docker-host' },
  { name: 'kube-proxy', pattern: /^KUBE-/, role: 'kubernetes-node' },
  { name: 'Calico', pattern: /^cali[-:]/, role: 'kubernetes-node' },
  { name: 'Flannel', pattern: /^FLANNEL-/, role: 'kubernetes-node' },
  { name: 'CNI', pattern: /^CNI-/, role: 'kubernetes-node' },
  { name: 'Cilium', pattern: /^(?:OLD_)?CILIUM_/, role: 'kubernetes-node' },
  { name: 'neutron', pattern: /^neutron-/, role: 'openstack-compute', keepsFiles: true },
  { name: 'fail2ban', pattern: /^(?:f2b|fail2ban)-/ },
  { name: 'libvirt', pattern: /^LIBVIRT_/ },
  { name: 'ufw', pattern: /^ufw6?-/, keepsFiles: true },
];

export function keeperOf(chain: string): ChainKeeper | undefined {
  return KEEPERS.find(({ pattern }) => pattern.test(chain));
}
