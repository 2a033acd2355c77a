/** Reasons as a page gives them: without what only a command line has. */

/** What a message says of flags and commands stands in parentheses that begin with them. */
const FOR_COMMANDS = / \((?:--[a-z][^()]*|aaclip [a-z-]+)\)/g;

/** A reason without the remarks on flags and commands, which a person in front of a page does not have. */
export const pageReason = (message: string): string => message.replace(FOR_COMMANDS, '');
