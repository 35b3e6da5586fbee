export interface TcpTracking {
  state: string;
}
