/** What is asked by those of `fields` that say something, for an address. */
export function filled(fields) {
  const said = [...fields].map((field) => [field.name, field.value.trim()]);
  return new URLSearchParams(said.filter(([, value]) => value));
}
