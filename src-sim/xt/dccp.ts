import { PROTOCOL } from '../net/protocol';
import { defineMatch, fails, option, same, saved } from './define';
import { servicePortSpan } from './port-types';
import { keywords, unsigned } from './value-types';

const TYPES = [
  { text: 'REQUEST', summary: 'opens a connection' },
  { text: 'RESPONSE', summary: 'answers that' },
  { text: 'DATA', summary: 'data' },
  { text: 'ACK', summary: 'acknowledges' },
  { text: 'DATAACK', summary: 'data, and acknowledges' },
  { text: 'CLOSEREQ', summary: 'the server asks the client to close' },
  { text: 'CLOSE', summary: 'closes' },
  { text: 'RESET', summary: 'ends the connection' },
  { text: 'SYNC', summary: 'synchronises sequence numbers' },
  { text: 'SYNCACK', summary: 'answers that' },
  { text: 'INVALID', summary: 'any type that is not known' },
] as const;

export const dccp = defineMatch({
  name: 'dccp',
  families: ['ipv4', 'ipv6'],
  loadedBy: [PROTOCOL.dccp],
  protocols: [PROTOCOL.dccp],
  summary: 'Ports, type and options of a DCCP packet.',
  kernel: 'net/netfilter/xt_dccp.c:dccp_mt',
  options: {
    sport: option(servicePortSpan, 'Source port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['source-port'],
    }),
    dport: option(servicePortSpan, 'Destination port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['destination-port'],
    }),
    'dccp-types': option(keywords('types of packet', TYPES), 'One of these types.', { invert: true }),
    'dccp-option': option(unsigned('number from 1 to 255', 1, 255), 'The packet has this option.', { invert: true }),
  },
  examples: [
    saved('-p dccp --sport 1024:', '-p dccp -m dccp --sport 1024:65535'),
    same('-p dccp -m dccp --dport 0:65535'),
    saved('-p dccp --dccp-types data,request', '-p dccp -m dccp --dccp-types REQUEST,DATA'),
    same('-p dccp -m dccp ! --dccp-option 255'),
    fails('-p dccp -m dccp --dccp-option 256', 'out of range'),
    fails('-p dccp -m dccp --sport -1', 'not a port'),
    fails('-m dccp --dport 3', 'needs -p dccp'),
  ],
  matches: () => ({ kind: 'unsure', reason: 'the header of a DCCP packet is not simulated' }),
});
