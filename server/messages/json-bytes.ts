/** The bytes of which the structure of JSON is made (RFC 8259). */

export const quote = 0x22;
export const comma = 0x2c;
export const openArray = 0x5b;
export const closeArray = 0x5d;
export const openObject = 0x7b;
export const closeObject = 0x7d;
