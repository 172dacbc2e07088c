/** What the frame shows about the line to the server: nothing is answered, or changes are not told. */
export const line = $state({ lost: false, deaf: false });
