import type { JsonObject, Script } from '../sample.ts';

/** The tools and the instructions of the demo's coding agent. */

const text = (description: string): JsonObject => ({ type: 'string', description });
const number = (description: string): JsonObject => ({ type: 'integer', description });

function tool(
  name: string,
  description: string,
  properties: JsonObject,
  required: readonly string[],
): JsonObject {
  return {
    name,
    description,
    input_schema: { type: 'object', properties, required, additionalProperties: false },
  };
}

const readTool = tool(
  'Read',
  'Reads a file of the working copy and answers its lines with their numbers. Give an absolute path. Up to 2,000 lines come at once; for longer files name the first line and how many you want. Pictures and PDF pages come back as pictures. Reading a directory is an error: list it with Bash. A file must have been read in this session before it may be edited, so read first, even when you think you know what stands there. Several reads that do not depend on each other belong in one answer.',
  {
    file_path: text('Absolute path of the file'),
    offset: number('First line, counted from 1'),
    limit: number('How many lines'),
  },
  ['file_path'],
);

const grepTool = tool(
  'Grep',
  'Searches the contents of files with a regular expression. Prefer it to grep or rg in Bash: it knows what is ignored and cuts long answers. `glob` narrows the files, `output_mode` says whether you want the matching lines, only the paths, or a count for each file. Patterns match within one line unless `multiline` is set. For an open-ended hunt through the code that will take several rounds, start a subagent with Task instead.',
  {
    pattern: text('Regular expression'),
    path: text('Where to search; default: the working copy'),
    glob: text('Only files that match, for example **/*.ts'),
    output_mode: { type: 'string', enum: ['content', 'files_with_matches', 'count'] },
    multiline: { type: 'boolean' },
  },
  ['pattern'],
);

const globTool = tool(
  'Glob',
  'Finds files by the pattern of their path, newest first. Use it when you know roughly what a file is called; use Grep when you know what stands in it.',
  { pattern: text('For example src/**/*.test.ts'), path: text('Directory to start from') },
  ['pattern'],
);

const editTool = tool(
  'Edit',
  'Replaces one piece of a file by another, exactly. `old_string` has to match the file to the last space and has to occur once, unless `replace_all` is set; when it does not, the edit fails and nothing is written, so take enough lines around the place to make it unique. Do not include the line numbers that Read prints. Keep the indentation of the file. Prefer editing what exists to writing new files.',
  {
    file_path: text('Absolute path of the file'),
    old_string: text('What stands there now'),
    new_string: text('What shall stand there'),
    replace_all: { type: 'boolean', description: 'Every occurrence; default false' },
  },
  ['file_path', 'old_string', 'new_string'],
);

const writeTool = tool(
  'Write',
  'Writes a whole file and replaces what was there. For changes to existing files use Edit: it shows what changed and costs less. Do not write documentation nobody asked for.',
  { file_path: text('Absolute path of the file'), content: text('The whole content') },
  ['file_path', 'content'],
);

const bashTool = tool(
  'Bash',
  'Runs a command in a shell that keeps its directory between calls. Use it for builds, tests, git and package managers, not for reading or searching files. Say in `description` in a few words what the command is for. Quote paths with spaces. Commands end after two minutes unless `timeout` (milliseconds, at most 600,000) says otherwise; long-running servers go to the background. Output past 30,000 characters is cut. Never push, and never rewrite history, unless the user asks for it in so many words.',
  {
    command: text('The command'),
    description: text('What it does, in five to ten words'),
    timeout: number('Milliseconds'),
  },
  ['command'],
);

const taskTool = tool(
  'Task',
  'Hands a bounded piece of work to a subagent with its own context: exploring unknown code, checking many files, trying something out. The subagent sees nothing of this conversation, so its prompt has to hold everything it needs, and it has to say what to report back. Its report is the only thing you get. Several subagents may run beside each other when their work does not overlap. Do not use it to read one file.',
  {
    description: text('Three to five words'),
    prompt: text('The whole task'),
    subagent_type: { type: 'string', enum: ['Explore', 'Plan', 'general-purpose'] },
  },
  ['description', 'prompt', 'subagent_type'],
);

const codingTools = [taskTool, bashTool, globTool, grepTool, readTool, editTool, writeTool];
/** Of a server that is connected in the middle of a session. */
export const browserTool = tool(
  'mcp__browser__open',
  'Opens a page in the browser that runs beside the working copy and answers its text and a list of its links. Wait for what the page loads by naming a piece of text that has to appear.',
  { url: text('Address of the page'), wait_for: text('Text that has to appear first') },
  ['url'],
);

export const exploringTools = [globTool, grepTool, readTool];

const codingSystem = [
  'You are a coding agent that works in a terminal beside a software engineer.',
  `Help with what is asked, completely, and with nothing that is not asked.

How you work
- Look before you change. Read the code around the place, the tests beside it, and how the same thing is done elsewhere in the project; then do it the way the project does it.
- Before adding a dependency, check whether the project already has one that does the job.
- Small steps: one change, then the check that would notice if it were wrong. Run the project's own checks before you say that something is done, and say which ones you ran.
- When a check fails, find the reason. Do not weaken the check, do not skip it, do not catch what you cannot handle.
- When you are stuck between two readings of a request and they lead to different code, ask once, briefly. Otherwise decide, and say what you decided.
- Independent tool calls go out together in one answer.

How you write
- Short. The engineer reads you in a terminal. No praise, no preamble, no summary of what they can see themselves.
- Refer to code as path:line so that it can be opened.
- Comments in code only where they give a reason that the code cannot show.

Care
- Files you did not create belong to someone. Do not delete or overwrite them without being asked.
- Never print, commit or send secrets. If you find one in the code, say where it is and stop there.
- Commands that reach other people (pushing, publishing, posting, sending) need the engineer's word first.

Environment
Working directory: /home/dev/%project%
Is a git repository: yes
Platform: linux
Shell: bash`,
] as const;

export const exploringSystem = [
  'You explore a code base for another agent. You may search and read; you may not change anything.',
  `Find what the task asks for, following imports and callers as far as needed and no further. Start broad, then narrow. Stop as soon as the question is answered. Report facts with path:line, the shape of what you found, and what you looked for and did not find. No advice unless asked.

Working directory: /home/dev/%project%`,
] as const;

/** What all coding sessions have in common. */
export const codingAgent = {
  client: 'claude-code',
  system: codingSystem,
  tools: codingTools,
  cache: '1h',
  maxTokens: 32_000,
  stream: true,
} as const satisfies Partial<Script>;
