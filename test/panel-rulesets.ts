/** Rulesets that several of the panel's tests run packets through. */

/** A router with a server behind it. */
export const ROUTER = `# chainwalk: interface=eth0 address=203.0.113.1/24
# chainwalk: interface=eth1 address=10.0.0.1/24
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
-A INPUT -i lo -j ACCEPT
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 10.0.0.2/32 -j web
-A FORWARD -j REJECT --reject-with icmp-admin-prohibited
-A web -p tcp -m tcp --dport 8080 -j ACCEPT
COMMIT
`;

/** A host with one open port; what is not let in is dropped by the policy. */
export const HOST = `# chainwalk: interface=eth0 address=203.0.113.1/24
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`;

export function lineOf(text: string, rule: string): number {
  return text.split('\n').indexOf(rule);
}
