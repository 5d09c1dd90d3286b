import { runProgram } from './program.ts';

const code = await runProgram(process.argv.slice(2), process.env);
process.exit(code);
