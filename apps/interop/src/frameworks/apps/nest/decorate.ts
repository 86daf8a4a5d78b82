/**
 * Applies the decorators of a controller's method and of its parameters, in place of the syntax,
 * which is not erasable.
 *
 * @param parameters are in the order of the method's own.
 */
export function decorate<T extends object>(
  prototype: T,
  name: keyof T & string,
  decorators: readonly MethodDecorator[],
  parameters: readonly ParameterDecorator[] = [],
): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (descriptor === undefined) throw new Error(`the controller has no method ${name}`);
  for (const [place, decorator] of parameters.entries()) decorator(prototype, name, place);
  for (const decorator of decorators.toReversed()) decorator(prototype, name, descriptor);
}
