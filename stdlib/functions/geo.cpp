// Places on earth: latitude north and longitude east, in degrees.
#include <cmath>

#include "runtime/declare/native.h"

namespace braid {

/// The mean radius of WGS 84: (2a + b) / 3.
static constexpr double kEarthRadiusKm = 6371.0088;
static constexpr double kRadians = 3.14159265358979323846 / 180;

static bool on_earth(double latitude, double longitude) {
  return latitude >= -90 && latitude <= 90 && longitude >= -360 && longitude <= 360;
}

static Fallible<double> distance_km(CallContext& context, double latitude_a, double longitude_a, double latitude_b,
                                    double longitude_b) {
  if (!on_earth(latitude_a, longitude_a) || !on_earth(latitude_b, longitude_b))
    return fails(context, "latitudes lie within -90 and 90, longitudes within -360 and 360 degrees");
  const double a = latitude_a * kRadians, b = latitude_b * kRadians;
  const double north = std::sin((b - a) / 2);
  const double east = std::sin((longitude_b - longitude_a) * kRadians / 2);
  const double haversine = north * north + std::cos(a) * std::cos(b) * east * east;
  return 2 * kEarthRadiusKm * std::asin(std::sqrt(haversine < 1 ? haversine : 1));
}
BRAID_FUNCTION(
    geo, distance_km,
    {.summary = "Kilometres along the great circle between two places, by the haversine formula on a sphere of "
                "6371.0088 km, the earth's mean radius; up to 0.5 % off. Fails if an argument is not a latitude or "
                "longitude.",
     .parameters = {{"latitude_a", "Degrees north of the one place."},
                    {"longitude_a", "Degrees east of the one place."},
                    {"latitude_b", "Degrees north of the other."},
                    {"longitude_b", "Degrees east of the other."}},
     .examples = {{"round(distance_km(40.639751e0, -73.778925e0, 33.942536e0, -118.408075e0), 1)", "3974.2e0"},
                  {"distance_km(0e0, 0e0, 0e0, 0e0)", "0e0"},
                  {"distance_km(91e0, 0e0, 0e0, 0e0)", "fails"}}})

static Fallible<double> bearing(CallContext& context, double latitude_a, double longitude_a, double latitude_b,
                                double longitude_b) {
  if (!on_earth(latitude_a, longitude_a) || !on_earth(latitude_b, longitude_b))
    return fails(context, "latitudes lie within -90 and 90, longitudes within -360 and 360 degrees");
  const double a = latitude_a * kRadians, b = latitude_b * kRadians, east = (longitude_b - longitude_a) * kRadians;
  const double angle =
      std::atan2(std::sin(east) * std::cos(b), std::cos(a) * std::sin(b) - std::sin(a) * std::cos(b) * std::cos(east)) /
      kRadians;
  return angle < 0 ? angle + 360 : angle;
}
BRAID_FUNCTION(
    geo, bearing,
    {.summary = "The direction in which one sets out for another place: degrees from north over east, 0 up to "
                "360. Fails if an argument is not a latitude or longitude.",
     .parameters = {{"latitude_a", "Degrees north of the start."},
                    {"longitude_a", "Degrees east of the start."},
                    {"latitude_b", "Degrees north of the goal."},
                    {"longitude_b", "Degrees east of the goal."}},
     .examples = {{"round(bearing(0e0, 0e0, 0e0, 10e0), 6)", "90e0"},
                  {"bearing(0e0, 0e0, 0e0, 0e0)", "0e0"},
                  {"bearing(0e0, 0e0, -100e0, 0e0)", "fails"}}})

BRAID_GROUP(geo)

}  // namespace braid
