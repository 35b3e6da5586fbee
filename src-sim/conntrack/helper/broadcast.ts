/**
 * Questions to everybody in a subnet, which any of its hosts may answer.
 *
 * @kernel net/netfilter/nf_conntrack_broadcast.c:nf_conntrack_broadcast_help
 */
import { PROTOCOL } from '../../net/protocol';
import { type Helper, NOTHING } from './define';

export const netbiosNs: Helper = broadcastHelper({
  name: 'netbios-ns',
  port: 137,
  summary: 'answers to the broadcast questions of NetBIOS',
  kernel: 'net/netfilter/nf_conntrack_netbios_ns.c:netbios_ns_help',
  seconds: 3,
});

export const snmp: Helper = broadcastHelper({
  name: 'snmp',
  port: 161,
  summary: 'answers to the broadcast questions of SNMP',
  kernel: 'net/netfilter/nf_conntrack_snmp.c:snmp_conntrack_help',
  seconds: 30,
});

interface Service extends Pick<Helper, 'name' | 'port' | 'summary' | 'kernel'> {
  readonly seconds: number;
}

function broadcastHelper({ seconds, ...service }: Service): Helper {
  return {
    ...service,
    families: ['ipv4'],
    protocols: [PROTOCOL.udp],
    policy: { most: 1, timeoutSeconds: seconds },
    read(_packet, { entry, direction, broadcastMask }) {
      if (broadcastMask === undefined || direction !== 'original') return NOTHING;
      const tuple = { ...entry.reply, sport: service.port };
      const mask = { address: broadcastMask, port: true };
      return {
        kind: 'expects',
        announced: [{ tuple, mask, permanent: true }],
        refreshSeconds: seconds,
        optional: true,
      };
    },
  };
}
