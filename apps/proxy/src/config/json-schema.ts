import { z } from 'zod';
import { fileSchema } from './schema.ts';

/** Where editors find the schema, for the first line of a configuration. */
export const SCHEMA_URL = 'https://unpkg.com/@tp/proxy/schema.json';

/** The JSON Schema of configuration files, for editors: `schema.json` of this package. */
export function fileJsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      delete jsonSchema.placeholder;
      // A list may also be a text with commas, a member its address alone.
      if (zodSchema._zod.def.type === 'pipe') orText(jsonSchema);
    },
  });
  return { $schema, $id: SCHEMA_URL, title: 'The configuration of tp-proxy', ...rest };
}

function orText(schema: z.core.JSONSchema.BaseSchema): void {
  const { description, ...one } = schema;
  for (const name of Object.keys(schema)) delete schema[name];
  if (description !== undefined) schema.description = description;
  schema.anyOf = [{ type: 'string' }, one];
}
