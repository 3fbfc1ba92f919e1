// Places as cells and areas: goals on the sphere, geohashes, map tiles, boxes, polygons. Latitude north and longitude
// east, in degrees, as in geo.cpp.
#include <cmath>

#include "stdlib/functions/made_text.h"

namespace braid {

using Text = std::string_view;

/// What functions here return: structs of floats.
struct Place {
  double latitude, longitude;
};
struct Box {
  double south, west, north, east;
};

namespace native {

template <>
struct Form<Place> {
  static constexpr int kSlots = 2;
  static Type type() { return struct_type({{"latitude", float_type()}, {"longitude", float_type()}}); }
  static void write(Slot* result, const Place& place, const Layout&) {
    result[0] = slot_f64(place.latitude);
    result[1] = slot_f64(place.longitude);
  }
};
template <>
struct Form<Box> {
  static constexpr int kSlots = 4;
  static Type type() {
    return struct_type(
        {{"south", float_type()}, {"west", float_type()}, {"north", float_type()}, {"east", float_type()}});
  }
  static void write(Slot* result, const Box& box, const Layout&) {
    result[0] = slot_f64(box.south);
    result[1] = slot_f64(box.west);
    result[2] = slot_f64(box.north);
    result[3] = slot_f64(box.east);
  }
};

}  // namespace native

namespace {

constexpr double kEarthRadiusKm = 6371.0088;  // as in geo.cpp
constexpr double kPi = 3.14159265358979323846, kRadians = kPi / 180;
constexpr std::string_view kNotOnEarth = "latitudes lie within -90 and 90, longitudes within -360 and 360 degrees";

bool on_earth(double latitude, double longitude) {
  return latitude >= -90 && latitude <= 90 && longitude >= -360 && longitude <= 360;
}
/// -180 up to 180.
double around(double longitude) {
  const double turned = std::fmod(longitude + 180, 360);
  return (turned < 0 ? turned + 360 : turned) - 180;
}

}  // namespace

// ---- on the sphere -------------------------------------------------------------------------------------------------

static Fallible<Place> destination(CallContext& context, double latitude, double longitude, double bearing,
                                   double distance_km) {
  if (!on_earth(latitude, longitude)) return fails(context, kNotOnEarth);
  if (!std::isfinite(bearing) || !(distance_km >= 0 && distance_km <= 1e6))
    return fails(context, "a direction is finite, a distance 0 to 1000000 km");
  const double angle = distance_km / kEarthRadiusKm, course = bearing * kRadians, from = latitude * kRadians;
  const double sine = std::sin(from) * std::cos(angle) + std::cos(from) * std::sin(angle) * std::cos(course);
  const double goal = std::asin(std::fmin(1, std::fmax(-1, sine)));
  const double east = std::atan2(std::sin(course) * std::sin(angle) * std::cos(from),
                                 std::cos(angle) - std::sin(from) * std::sin(goal));
  return Place{goal / kRadians, around(longitude + east / kRadians)};
}
BRAID_FUNCTION(
    places, destination,
    {.summary = "Where one is after a distance along a great circle. Fails if an argument is not a latitude or "
                "longitude, and unless the distance is 0 to 1000000 km.",
     .parameters = {{"latitude", "Degrees north of the start."},
                    {"longitude", "Degrees east of the start."},
                    {"bearing", "Direction at the start, in degrees from north over east."},
                    {"distance_km", "Kilometres."}},
     .examples = {{"round(destination(0e0, 0e0, 90e0, 111.195e0).longitude, 3)", "1e0"},
                  {"destination(52e0, 13e0, 0e0, 0e0).longitude", "13e0"},
                  {"destination(91e0, 0e0, 0e0, 1e0).latitude", "fails"}}})

static Fallible<Place> midpoint(CallContext& context, double latitude_a, double longitude_a, double latitude_b,
                                double longitude_b) {
  if (!on_earth(latitude_a, longitude_a) || !on_earth(latitude_b, longitude_b)) return fails(context, kNotOnEarth);
  const double a = latitude_a * kRadians, b = latitude_b * kRadians, east = (longitude_b - longitude_a) * kRadians;
  const double x = std::cos(b) * std::cos(east), y = std::cos(b) * std::sin(east);
  const double latitude = std::atan2(std::sin(a) + std::sin(b), std::hypot(std::cos(a) + x, y));
  return Place{latitude / kRadians, around(longitude_a + std::atan2(y, std::cos(a) + x) / kRadians)};
}
BRAID_FUNCTION(
    places, midpoint,
    {.summary = "The place halfway along the great circle between two. Fails if an argument is not a latitude or "
                "longitude.",
     .parameters = {{"latitude_a", "Degrees north of the one place."},
                    {"longitude_a", "Degrees east of the one place."},
                    {"latitude_b", "Degrees north of the other."},
                    {"longitude_b", "Degrees east of the other."}},
     .examples = {{"round(midpoint(0e0, 0e0, 0e0, 90e0).longitude, 6)", "45e0"},
                  {"midpoint(0e0, 0e0, 0e0, 0e0).latitude", "0e0"},
                  {"midpoint(0e0, 0e0, 99e0, 0e0).latitude", "fails"}}})

static Fallible<Text> compass(CallContext& context, double bearing) {
  if (!std::isfinite(bearing)) return fails(context, "a direction is finite");
  constexpr Text kNames[] = {"N", "NE", "E", "SE", "S", "SW", "W", "NW"};
  const double turned = std::fmod(bearing, 360);
  const auto eighth = static_cast<int>(std::floor((turned < 0 ? turned + 360 : turned) / 45 + 0.5));
  return kNames[eighth % 8];
}
BRAID_FUNCTION(places, compass,
               {.summary = "The nearest of the directions N, NE, E, SE, S, SW, W, NW. Fails unless it is finite.",
                .parameters = {{"bearing", "Degrees from north over east."}},
                .examples = {
                    {"compass(93e0)", R"("E")"}, {"compass(-10e0)", R"("N")"}, {"compass(exp(1000e0))", "fails"}}})

// ---- areas ---------------------------------------------------------------------------------------------------------

static bool in_box(double latitude, double longitude, double south, double west, double north, double east) {
  if (!(latitude >= south && latitude <= north)) return false;
  if (west <= east) return longitude >= west && longitude <= east;
  return longitude >= west || longitude <= east;
}
BRAID_FUNCTION(
    places, in_box,
    {.summary = "Whether a place lies between two parallels and two meridians; `west` above `east` goes over the "
                "180th.",
     .parameters = {{"latitude", "Degrees north of the place."},
                    {"longitude", "Degrees east of the place."},
                    {"south", "Southern edge."},
                    {"west", "Western edge."},
                    {"north", "Northern edge."},
                    {"east", "Eastern edge."}},
     .examples = {{"in_box(52.5e0, 13.4e0, 52e0, 13e0, 53e0, 14e0)", "true"},
                  {"in_box(0e0, -179e0, -1e0, 170e0, 1e0, -170e0)", "true"},
                  {"in_box(0e0, 0e0, -1e0, 170e0, 1e0, -170e0)", "false"}}})

static std::string places_only(const CallShape& call) {
  const Type& element = call.arguments[2]->element;
  const bool fits = is(element, TypeKind::structure) && element->fields.size() == 2 &&
                    element->fields[0].name == "latitude" && element->fields[1].name == "longitude" &&
                    is(element->fields[0].type, TypeKind::floating) && is(element->fields[1].type, TypeKind::floating);
  return fits ? ""
              : "a polygon is a list of `{ latitude: float, longitude: float }`, not of `" + to_string(element) + "`";
}

static bool in_polygon(double latitude, double longitude, AnyList polygon) {
  bool inside = false;
  for (uint64_t i = 0, j = polygon.count - 1; i < polygon.count; j = i++) {
    const double y_a = polygon.at(i)[0].f64, x_a = polygon.at(i)[1].f64;
    const double y_b = polygon.at(j)[0].f64, x_b = polygon.at(j)[1].f64;
    // An edge that a ray to the east crosses; of its ends the lower one belongs to it.
    if ((y_a > latitude) != (y_b > latitude) && longitude < (x_b - x_a) * ((latitude - y_a) / (y_b - y_a)) + x_a)
      inside = !inside;
  }
  return inside;
}
BRAID_FUNCTION(
    places, in_polygon,
    {.summary = "Whether a place lies in a polygon whose edges are straight in latitude and longitude; it must "
                "not go over the 180th meridian.",
     .parameters = {{"latitude", "Degrees north of the place."},
                    {"longitude", "Degrees east of the place."},
                    {"polygon", "Corners, `{ latitude, longitude }` each; the last is joined with the first."}},
     .problem = places_only,
     .examples = {{"in_polygon(1e0, 1e0, [{ latitude: 0e0, longitude: 0e0 }, { latitude: 3e0, longitude: 0e0 }, "
                   "{ latitude: 0e0, longitude: 3e0 }])",
                   "true"},
                  {"in_polygon(2e0, 2e0, [{ latitude: 0e0, longitude: 0e0 }, { latitude: 3e0, longitude: 0e0 }, "
                   "{ latitude: 0e0, longitude: 3e0 }])",
                   "false"}}})

// ---- geohashes -----------------------------------------------------------------------------------------------------

namespace {

constexpr Text kGeohash = "0123456789bcdefghjkmnpqrstuvwxyz";

Text geohash_of(CallContext& context, double latitude, double longitude, int64_t length) {
  double south = -90, north = 90, west = -180, east = 180;
  char* const made = allocate(context, static_cast<uint64_t>(length));
  bool of_longitude = true;
  for (int64_t i = 0; i < length; ++i) {
    size_t digit = 0;
    for (int bit = 0; bit < 5; ++bit, of_longitude = !of_longitude) {
      double &low = of_longitude ? west : south, &high = of_longitude ? east : north;
      const double middle = (low + high) / 2;
      const bool upper = (of_longitude ? longitude : latitude) >= middle;
      (upper ? low : high) = middle;
      digit = digit << 1 | upper;
    }
    made[i] = kGeohash[digit];
  }
  return {made, static_cast<size_t>(length)};
}

std::optional<Box> cell_of(Text hash) {
  if (hash.empty() || hash.size() > 12) return std::nullopt;
  Box box{-90, -180, 90, 180};
  bool of_longitude = true;
  for (const char c : hash) {
    const size_t digit = kGeohash.find(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    if (digit == Text::npos) return std::nullopt;
    for (int bit = 4; bit >= 0; --bit, of_longitude = !of_longitude) {
      double &low = of_longitude ? box.west : box.south, &high = of_longitude ? box.east : box.north;
      ((digit >> bit & 1) != 0 ? low : high) = (low + high) / 2;
    }
  }
  return box;
}

constexpr std::string_view kNoGeohash = "a geohash is 1 to 12 of its 32 letters";

}  // namespace

static Fallible<Text> geohash(CallContext& context, double latitude, double longitude, int64_t length) {
  if (!on_earth(latitude, longitude)) return fails(context, kNotOnEarth);
  if (length < 1 || length > 12) return fails(context, kNoGeohash);
  return geohash_of(context, latitude, around(longitude), length);
}
BRAID_FUNCTION(places, geohash,
               {.summary = "The geohash of the cell that a place lies in. Fails if an argument is not a latitude or "
                           "longitude, and unless the length is 1 to 12.",
                .parameters = {{"latitude", "Degrees north."},
                               {"longitude", "Degrees east."},
                               {"length", "Letters; six make a cell of 1.2 by 0.6 km.", "9"}},
                .examples = {{"geohash(57.64911e0, 10.40744e0, 11)", R"("u4pruydqqvj")"},
                             {"geohash(0e0, 0e0, 1)", R"("s")"},
                             {"geohash(0e0, 0e0, 13)", "fails"}}})

static Fallible<Place> geohash_center(CallContext& context, Text hash) {
  const std::optional<Box> cell = cell_of(hash);
  if (!cell) return fails(context, kNoGeohash);
  return Place{(cell->south + cell->north) / 2, (cell->west + cell->east) / 2};
}
BRAID_FUNCTION(places, geohash_center,
               {.summary = "The middle of a geohash's cell. Fails if the text is none.",
                .parameters = {{"hash", "Geohash of any case."}},
                .examples = {{R"(round(geohash_center("u4pruydqqvj").latitude, 5))", "57.64911e0"},
                             {R"(geohash_center("s").longitude)", "22.5e0"},
                             {R"(geohash_center("a").latitude)", "fails"}}})

static Fallible<Box> geohash_box(CallContext& context, Text hash) {
  const std::optional<Box> cell = cell_of(hash);
  if (!cell) return fails(context, kNoGeohash);
  return *cell;
}
BRAID_FUNCTION(places, geohash_box,
               {.summary = "The edges of a geohash's cell: south, west, north, east. Fails if the text is none.",
                .parameters = {{"hash", "Geohash of any case."}},
                .examples = {{R"(geohash_box("s").north)", "45e0"},
                             {R"(geohash_box("s").west)", "0e0"},
                             {R"(geohash_box("").north)", "fails"}}})

static Fallible<ListOf<Text>> geohash_neighbors(CallContext& context, Text hash) {
  const std::optional<Box> cell = cell_of(hash);
  if (!cell) return fails(context, kNoGeohash);
  const double height = cell->north - cell->south, width = cell->east - cell->west;
  const double latitude = (cell->south + cell->north) / 2, longitude = (cell->west + cell->east) / 2;
  Slot* const items = allocate_slots(context, 8);
  uint64_t count = 0;
  constexpr int kSteps[8][2] = {{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}};
  for (const auto& step : kSteps) {
    const double north = latitude + step[0] * height;
    if (north < -90 || north > 90) continue;
    items[count++] =
        slot_bytes(geohash_of(context, north, around(longitude + step[1] * width), static_cast<int64_t>(hash.size())));
  }
  return ListOf<Text>{items, count};
}
BRAID_FUNCTION(
    places, geohash_neighbors,
    {.summary = "The cells around a geohash's, from the north over the east; at a pole there are five. Fails if "
                "the text is none.",
     .parameters = {{"hash", "Geohash of any case."}},
     .examples = {{R"(geohash_neighbors("u4pr").get(0))", R"("u4r2")"},
                  {R"(geohash_neighbors("u4pr").length())", "8"},
                  {R"(geohash_neighbors("a").length())", "fails"}}})

// ---- map tiles -----------------------------------------------------------------------------------------------------

namespace {

constexpr std::string_view kNoZoom = "a map has the zooms 0 to 30";

int64_t tile_index(double share, int64_t zoom) {
  const auto tiles = static_cast<double>(int64_t{1} << zoom);
  const double index = std::floor(share * tiles);
  return static_cast<int64_t>(std::fmax(0, std::fmin(tiles - 1, index)));
}
int64_t column_of(double longitude, int64_t zoom) {
  return tile_index((around(longitude) + 180) / 360, zoom);
}
/// Web Mercator; what lies beyond 85.05 degrees is in the outermost row.
int64_t row_of(double latitude, int64_t zoom) {
  const double edge = 85.05112877980659, angle = std::fmax(-edge, std::fmin(edge, latitude)) * kRadians;
  return tile_index((1 - std::asinh(std::tan(angle)) / kPi) / 2, zoom);
}

}  // namespace

static Fallible<int64_t> tile_x(CallContext& context, double longitude, int64_t zoom) {
  if (!on_earth(0, longitude)) return fails(context, kNotOnEarth);
  if (zoom < 0 || zoom > 30) return fails(context, kNoZoom);
  return column_of(longitude, zoom);
}
BRAID_FUNCTION(
    places, tile_x,
    {.summary = "The column of the map tile (Web Mercator) that a meridian crosses. Fails for another longitude "
                "than -360 to 360, and unless the zoom is 0 to 30.",
     .parameters = {{"longitude", "Degrees east."}, {"zoom", "Zoom of the map."}},
     .examples = {{"tile_x(13.37771e0, 16)", "35203"}, {"tile_x(0e0, 0)", "0"}, {"tile_x(0e0, 31)", "fails"}}})

static Fallible<int64_t> tile_y(CallContext& context, double latitude, int64_t zoom) {
  if (!on_earth(latitude, 0)) return fails(context, kNotOnEarth);
  if (zoom < 0 || zoom > 30) return fails(context, kNoZoom);
  return row_of(latitude, zoom);
}
BRAID_FUNCTION(places, tile_y,
               {.summary = "The row of the map tile (Web Mercator, from the north) that a parallel crosses. Fails for "
                           "another latitude than -90 to 90, and unless the zoom is 0 to 30.",
                .parameters = {{"latitude", "Degrees north."}, {"zoom", "Zoom of the map."}},
                .examples = {
                    {"tile_y(52.51628e0, 16)", "21493"}, {"tile_y(90e0, 4)", "0"}, {"tile_y(91e0, 4)", "fails"}}})

static Fallible<Text> quadkey(CallContext& context, double latitude, double longitude, int64_t zoom) {
  if (!on_earth(latitude, longitude)) return fails(context, kNotOnEarth);
  if (zoom < 1 || zoom > 30) return fails(context, "a quadkey has 1 to 30 digits");
  const int64_t x = column_of(longitude, zoom), y = row_of(latitude, zoom);
  char* const made = allocate(context, static_cast<uint64_t>(zoom));
  for (int64_t i = 0; i < zoom; ++i) {
    const int64_t bit = zoom - 1 - i;
    made[i] = static_cast<char>('0' + (x >> bit & 1) + 2 * (y >> bit & 1));
  }
  return Text(made, static_cast<size_t>(zoom));
}
BRAID_FUNCTION(
    places, quadkey,
    {.summary = "The quadkey of the map tile that a place lies in: a beginning of it is the key of a larger tile. "
                "Fails if an argument is not a latitude or longitude, and unless the zoom is 1 to 30.",
     .parameters = {{"latitude", "Degrees north."}, {"longitude", "Degrees east."}, {"zoom", "Zoom of the map."}},
     .examples = {{"quadkey(52.51628e0, 13.37771e0, 9)", R"("120210233")"},
                  {"quadkey(0e0, 0e0, 1)", R"("3")"},
                  {"quadkey(0e0, 0e0, 0)", "fails"}}})

BRAID_GROUP(places)

}  // namespace braid
