/**
 * Service names that may stand for a port, as Debian's services(5) file has them; iptables-save prints the number.
 * `-m tcp` and `-m multiport` look a name up for the rule's protocol, the others without regard to it.
 */

/** `PORT:NAME,NAME…`, the name that people know first; `/t` and `/u` mark those that TCP or UDP alone has. */
const SERVICES = `
  1:tcpmux/t 7:echo 9:discard,sink,null 11:systat/t,users/t 13:daytime 15:netstat/t 17:qotd/t,quote/t
  19:chargen,ttytst,source 20:ftp-data/t 21:ftp/t,fsp/u,fspd/u 22:ssh/t 23:telnet/t 25:smtp/t,mail/t
  37:time,timserver 43:whois/t,nicname/t 49:tacacs 53:domain 67:bootps/u 68:bootpc/u 69:tftp/u 70:gopher/t
  79:finger/t 80:http/t,www/t 88:kerberos,kerberos5,krb5,kerberos-sec 102:iso-tsap/t,tsap/t 104:acr-nema/t,dicom/t
  106:poppassd/t 110:pop3/t,pop-3/t 111:sunrpc,portmapper 113:auth/t,authentication/t,tap/t,ident/t
  119:nntp/t,readnews/t,untp/t 123:ntp/u 135:epmap/t,loc-srv/t 137:netbios-ns/u 138:netbios-dgm/u 139:netbios-ssn/t
  143:imap2/t,imap/t 161:snmp 162:snmp-trap,snmptrap 163:cmip-man 164:cmip-agent 174:mailq/t 177:xdmcp/u 179:bgp/t
  199:smux/t 209:qmtp/t 210:z3950/t,wais/t 213:ipx/u 319:ptp-event/u 320:ptp-general/u 345:pawserv/t 346:zserv/t
  369:rpc2portmap 370:codaauth2 371:clearcase/u,Clearcase/u 389:ldap 427:svrloc 443:https 444:snpp/t
  445:microsoft-ds/t 464:kpasswd 465:submissions/t,ssmtp/t,smtps/t,urd/t 487:saft/t 500:isakmp/u
  512:exec/t,biff/u,comsat/u 513:login/t,who/u,whod/u 514:shell/t,syslog,cmd/t 515:printer/t,spooler/t 517:talk/u
  518:ntalk/u 520:route/u,router/u,routed/u 538:gdomap 540:uucp/t,uucpd/t 543:klogin/t 544:kshell/t,krcmd/t
  546:dhcpv6-client/u 547:dhcpv6-server/u 548:afpovertcp/t 554:rtsp 563:nntps/t,snntp/t 587:submission/t 607:nqs/t
  623:asf-rmcp/u 628:qmqp/t 631:ipp/t 636:ldaps 646:ldp 655:tinc 706:silc/t 749:kerberos-adm/t
  750:kerberos4,kerberos-iv,kdc 751:kerberos-master,kerberos_master/u 752:passwd-server/u,passwd_server/u
  754:krb-prop/t,krb_prop/t,krb5_prop/t,hprop/t 775:moira-db/t,moira_db/t 777:moira-update/t,moira_update/t
  779:moira-ureg/u,moira_ureg/u 783:spamd/t 853:domain-s 871:supfilesrv/t 873:rsync/t 989:ftps-data/t 990:ftps/t
  992:telnets/t 993:imaps/t 995:pop3s/t 1080:socks/t 1093:proofd/t 1094:rootd/t 1099:rmiregistry/t 1127:supfiledbg/t
  1178:skkserv/t 1194:openvpn 1210:predict/u 1236:rmtcfg/t 1313:xtel/t 1314:xtelw/t 1352:lotusnote/t,lotusnotes/t
  1433:ms-sql-s/t 1434:ms-sql-m/u 1524:ingreslock/t 1645:datametrics,old-radius 1646:sa-msg-port,old-radacct
  1649:kermit/t 1677:groupwise/t 1701:l2f/u,l2tp/u 1812:radius 1813:radius-acct,radacct 2000:cisco-sccp/t 2049:nfs
  2086:gnunet 2101:rtcm-sc104 2102:zephyr-srv/u 2103:zephyr-clt/u 2104:zephyr-hm/u 2119:gsigatekeeper/t 2121:iprop/t
  2135:gris/t 2401:cvspserver/t 2430:venus 2431:venus-se 2432:codasrv 2433:codasrv-se 2583:mon 2600:zebrasrv/t
  2601:zebra/t 2602:ripd/t 2603:ripngd/t 2604:ospfd/t 2605:bgpd/t 2606:ospf6d/t 2607:ospfapi/t 2608:isisd/t
  2628:dict/t 2792:f5-globalsite/t 2811:gsiftp/t 2947:gpsd/t 3050:gds-db/t,gds_db/t 3130:icpv2/u,icp/u 3205:isns
  3260:iscsi-target/t 3306:mysql/t 3389:ms-wbt-server/t 3493:nut 3632:distcc/t 3689:daap/t 3690:svn/t,subversion/t
  4031:suucp/t 4094:sysrqd/t 4190:sieve/t 4353:f5-iquery/t 4369:epmd/t 4373:remctl/t 4460:ntske/t 4500:ipsec-nat-t/u
  4557:fax/t 4559:hylafax/t 4569:iax/u 4691:mtn/t 4899:radmin-port/t 4949:munin/t,lrrd/t 5060:sip 5061:sip-tls
  5222:xmpp-client/t,jabber-client/t 5269:xmpp-server/t,jabber-server/t 5308:cfengine/t 5353:mdns/u
  5432:postgresql/t,postgres/t 5555:rplay/u 5556:freeciv/t,rptp/t 5666:nrpe/t 5667:nsca/t 5671:amqps/t 5672:amqp/t
  5680:canna/t 6000:x11/t,x11-0/t 6001:x11-1/t 6002:x11-2/t 6003:x11-3/t 6004:x11-4/t 6005:x11-5/t 6006:x11-6/t
  6007:x11-7/t 6346:gnutella-svc 6347:gnutella-rtr 6379:redis/t 6444:sge-qmaster/t,sge_qmaster/t
  6445:sge-execd/t,sge_execd/t 6446:mysql-proxy/t 6514:syslog-tls/t 6566:sane-port/t,sane/t,saned/t 6667:ircd/t
  6696:babel/u 6697:ircs-u/t 7000:bbs/t,afs3-fileserver/u 7001:afs3-callback/u 7002:afs3-prserver/u
  7003:afs3-vlserver/u 7004:afs3-kaserver/u 7005:afs3-volser/u 7007:afs3-bos/u 7008:afs3-update/u 7009:afs3-rmtsys/u
  7100:font-service/t,xfs/t 8021:zope-ftp/t 8080:http-alt/t,webcache/t 8081:tproxy/t 8088:omniorb/t 8140:puppet/t
  8990:clc-build-daemon/t 9098:xinetd/t 9101:bacula-dir/t 9102:bacula-fd/t 9103:bacula-sd/t 9418:git/t 9667:xmms2/t
  9673:zope/t 10000:webmin/t 10050:zabbix-agent/t 10051:zabbix-trapper/t 10080:amanda/t 10081:kamanda/t
  10082:amandaidx/t 10083:amidxtape/t 10809:nbd/t 11112:dicom 11371:hkp/t 17001:sgi-cmsd/u 17002:sgi-crsd/u
  17003:sgi-gcd/u 17004:sgi-cad/t 17500:db-lsp/t 22125:dcap/t 22128:gsidcap/t 22273:wnn6/t 24554:binkp/t 27374:asp
  30865:csync2/t 57000:dircproxy/t 60177:tfido/t 60179:fido/t
`;

/** Which lookups find a name: most are there for TCP and UDP. */
export type ServiceProtocol = 'tcp' | 'udp';

interface Service {
  readonly name: string;
  readonly port: number;
  /** Undefined: both. */
  readonly only: ServiceProtocol | undefined;
}

const ONLY: Readonly<Record<string, ServiceProtocol>> = { t: 'tcp', u: 'udp' };

const ALL_SERVICES: readonly Service[] = SERVICES.trim()
  .split(/\s+/)
  .flatMap((entry) => {
    const [port, names = ''] = entry.split(':');
    return names.split(',').map((written): Service => {
      const [name = '', letter = ''] = written.split('/');
      return { name, port: Number(port), only: ONLY[letter] };
    });
  });

/** Of two lines with a name the first counts. */
const BY_NAME: ReadonlyMap<string, Service> = new Map([...ALL_SERVICES].reverse().map((one) => [one.name, one]));

const NAME_OF: ReadonlyMap<number, string> = new Map(
  ALL_SERVICES.map(({ name, port }) => [port, name] as const).reverse(),
);

/** Every name with its port; of one protocol, those that are found for it. */
export function servicePorts(protocol?: ServiceProtocol): readonly (readonly [name: string, port: number])[] {
  const found = [...BY_NAME.values()].filter((one) => isFor(one, protocol));
  return found.sort((a, b) => a.port - b.port).map(({ name, port }) => [name, port]);
}

/** @param protocol where the name is looked up for it alone, as getservbyname(3) does with one */
export function servicePort(name: string, protocol?: ServiceProtocol): number | undefined {
  const service = BY_NAME.get(name);
  return service && isFor(service, protocol) ? service.port : undefined;
}

function isFor({ only }: Service, protocol: ServiceProtocol | undefined): boolean {
  return only === undefined || protocol === undefined || only === protocol;
}

/** A name of the service at a port, for people: `22` is "ssh". */
export function serviceName(port: number): string | undefined {
  return NAME_OF.get(port);
}
