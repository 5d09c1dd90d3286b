/** A program that starts containers by Testcontainers and ends without stopping them; prints what it leaves. */
import { GenericContainer, Network } from 'testcontainers';

const network = await new Network().start();
const container = await new GenericContainer('busybox').withNetwork(network).withCommand(['sleep', '1000']).start();
process.stdout.write(`${container.getId()} ${network.getId()}`, () => process.exit(0));
