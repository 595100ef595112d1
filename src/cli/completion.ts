/**
 * Shell completion as one self-contained script: no stale cache, no process at every Tab, no shell
 * package. It completes commands, flags, and values that can be listed.
 */

/** The supported shells. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A supported shell. */
export type Shell = (typeof SHELLS)[number];

/** How to complete a value: from a list, as a folder or a file, or not at all ("any"). */
export type Values = readonly string[] | "folder" | "file" | "any";

/** A flag by its long name; `values` is undefined for a boolean flag. */
export interface CompletedFlag {
  readonly name: string;
  readonly summary: string;
  readonly values: Values | undefined;
}

/** A command with its flags, and the values of its arguments if it takes any. */
export interface CompletedCommand {
  readonly id: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly argument: Values | undefined;
}

/** Returns the script that completes `likes` in `shell`. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}

/** Words split only at newlines, so that values may contain spaces. */
function bashScript(commands: readonly CompletedCommand[]): string {
  const ids = commands.map(({ id }) => id);
  return `# Completion of likes for bash: eval "$(likes completion bash)"
_likes() {
  local IFS=$'\\n' word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  if [[ $word == "=" ]]; then word=""; fi
  if [[ $before == "=" ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W ${bashWords(ids)} -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${commands.flatMap(bashValues).join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${commands.map(bashFlags).join("\n")}
  esac
}
complete -F _likes likes
`;
}

/** Flags with the same values share a line. */
function bashValues({ id, flags }: CompletedCommand): string[] {
  const patterns = new Map<string, string[]>();
  for (const { name, values } of flags) {
    if (values === undefined) continue;
    const reply = bashReply(values);
    patterns.set(reply, [...(patterns.get(reply) ?? []), `"${id} --${name}"`]);
  }
  return [...patterns].map(([reply, named]) => `    ${named.join("|")}) ${reply}return ;;`);
}

function bashReply(values: Values): string {
  if (values === "any") return "";
  if (values === "folder" || values === "file") {
    const kind = values === "folder" ? "-d" : "-f";
    return `COMPREPLY=($(compgen ${kind} -- "$word")); compopt -o filenames 2> /dev/null; `;
  }
  return `COMPREPLY=($(compgen -W ${bashWords(values)} -- "$word")); `;
}

/** Offers flags after a `-`, and where no argument is possible. */
function bashFlags({ id, flags, argument }: CompletedCommand): string {
  const reply = bashReply(flags.map(({ name }) => `--${name}`));
  if (argument === undefined) return `    ${id}) ${reply};;`;
  const other = bashReply(argument);
  const otherwise = other === "" ? "" : `else ${other}`;
  return `    ${id}) if [[ $word == -* ]]; then ${reply}${otherwise}fi ;;`;
}

function bashWords(words: readonly string[]): string {
  return `$'${words.join("\\n")}'`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const ids = commands.map(({ id, summary }) => quoted(`${id}:${summary}`));
  return `#compdef likes
# Completion of likes for zsh: eval "$(likes completion zsh)", after compinit
_likes() {
  local -a commands=(
    ${ids.join("\n    ")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local id=$words[2]
  shift words
  (( CURRENT-- ))
  case $id in
${commands.map(zshCommand).join("\n")}
  esac
}
if [[ $funcstack[1] == _likes ]]; then _likes "$@"; else compdef _likes likes; fi
`;
}

function zshCommand({ id, flags, argument }: CompletedCommand): string {
  const specs = flags.map(({ name, summary, values }) => {
    const text = summary.replaceAll(/[[\]:\\]/g, "\\$&");
    return quoted(`--${name}${values === undefined ? "" : "="}[${text}]${zshValues(values)}`);
  });
  if (argument !== undefined) specs.push(quoted(`*${zshValues(argument)}`));
  return `    ${id}) _arguments ${specs.join(" ")} ;;`;
}

function zshValues(values: Values | undefined): string {
  if (values === undefined) return "";
  if (values === "any") return ":value: ";
  if (values === "file") return ":file:_files";
  return values === "folder" ? ":folder:_files -/" : `:value:(${values.join(" ")})`;
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ id, summary, flags, argument }) => {
    const prefix = `complete -c likes -n '__fish_seen_subcommand_from ${id}'`;
    return [
      `complete -c likes -n __fish_use_subcommand -a ${id} -d ${quoted(summary)}`,
      ...flags.map((flag) => {
        return `${prefix} -l ${flag.name} -d ${quoted(flag.summary)}${fishValues(flag.values)}`;
      }),
      ...(argument === undefined || argument === "any" ? [] : [`${prefix}${fishValues(argument)}`]),
    ];
  });
  const head =
    "# Completion of likes for fish: likes completion fish | source\ncomplete -c likes -f\n";
  return `${head}${lines.join("\n")}\n`;
}

function fishValues(values: Values | undefined): string {
  if (values === undefined) return "";
  if (values === "any") return " -x";
  if (values === "file") return " -r -F";
  const words = values === "folder" ? "(__fish_complete_directories)" : values.join(" ");
  return ` -x -a ${quoted(words)}`;
}

/** Quotes text for any of the shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
