/** The server's process: over the channel that its arguments name (`--node-ipc`, `--stdio`). Its thread lints. */
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { startLintThread } from './lint-thread';
import { serveLintQuestions } from './lint-worker';
import { startServer } from './server';

if (!serveLintQuestions()) startServer(createConnection(ProposedFeatures.all), startLintThread(__filename));
