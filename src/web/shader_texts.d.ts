/** The text of every kernel by stem. The build writes the module beside this declaration, from the files in `shaders/`. */
export declare const SHADERS: ReadonlyMap<string, string>;
