import { isJsonObject, type JsonObject, memberOf, textOf } from './payload.ts';
import type { Place } from './piece.ts';
import type { ReportCulprit } from './rendering-failure.ts';

/**
 * The places among an activity's entities: `GeoCoordinates`, or a `Place` with `geo` (schema.org). Other entities say
 * nothing that a user would see, and are passed over, as the Activity protocol asks for.
 */
export function readPlaces(activity: JsonObject, report: ReportCulprit): Place[] {
  const entities = memberOf(activity, 'entities');
  if (!Array.isArray(entities)) return [];
  return entities.flatMap((entity: unknown, index) => {
    if (!isJsonObject(entity)) return [];
    const pointer = `/entities/${index}`;
    const type = textOf(entity, 'type');
    if (type === 'GeoCoordinates') return readPlace(entity, entity, pointer, report);
    const geo = memberOf(entity, 'geo');
    return type === 'Place' && isJsonObject(geo) ? readPlace(geo, entity, `${pointer}/geo`, report) : [];
  });
}

function readPlace(geo: JsonObject, place: JsonObject, pointer: string, report: ReportCulprit): Place[] {
  const latitude = readDegrees(geo, 'latitude', 90);
  const longitude = readDegrees(geo, 'longitude', 180);
  if (latitude === null) report(`${pointer}/latitude`, 'The latitude must be a number between -90 and 90.');
  if (longitude === null) report(`${pointer}/longitude`, 'The longitude must be a number between -180 and 180.');
  if (latitude === null || longitude === null) return [];
  const name = textOf(place, 'name') || textOf(geo, 'name');
  const address = textOf(place, 'address');
  return [
    {
      kind: 'place',
      location: { latitude, longitude, ...(name !== '' && { name }), ...(address !== '' && { address }) },
    },
  ];
}

/** As a decimal, never with an exponent. Seven digits are a centimetre. */
function readDegrees(geo: JsonObject, name: string, max: number): string | null {
  const value = memberOf(geo, name);
  if (typeof value !== 'number' || !(Math.abs(value) <= max)) return null;
  return value
    .toFixed(7)
    .replace(/\.?0+$/, '')
    .replace(/^-0$/, '0');
}
