// Chinese maps are drawn in GCJ-02, which is WGS-84 bent by some hundred metres; the ledger holds WGS-84. Points are bent
// only to be drawn on such a map, and never stored so. The bend is that of the published polynomial over the Krasovsky
// ellipsoid.

const A = 6_378_245;
const EE = 0.00669342162296594323;
const { PI, abs, sin, cos, sqrt } = Math;

/** The bend holds inside this box; outside of it both systems are the same. */
function abroad(lon: number, lat: number): boolean {
  return lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271;
}

function waves(x: number): number {
  return ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
}

function north(x: number, y: number): number {
  const long = ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  const longer = ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  return -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves(x) + long + longer;
}

function east(x: number, y: number): number {
  const long = ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  const longer = ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  return 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves(x) + long + longer;
}

/** Longitude and latitude in GCJ-02 of a point in WGS-84, in degrees. */
export function bent(lon: number, lat: number): [number, number] {
  if (abroad(lon, lat)) return [lon, lat];
  const [x, y] = [lon - 105, lat - 35];
  const rad = (lat / 180) * PI;
  const magic = 1 - EE * sin(rad) ** 2;
  const root = sqrt(magic);
  const dLat = (north(x, y) * 180) / (((A * (1 - EE)) / (magic * root)) * PI);
  const dLon = (east(x, y) * 180) / ((A / root) * cos(rad) * PI);
  return [lon + dLon, lat + dLat];
}
