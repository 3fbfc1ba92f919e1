// The schema of the seeds of Avro: a field of each kind, a type that contains itself, a map.
#pragma once

#include <string_view>

namespace braid::fuzz {

inline constexpr std::string_view kSchemaOfEachKind =
    R"({"type":"record","name":"each","fields":[{"name":"flag","type":"boolean"},)"
    R"({"name":"count","type":["null","long"]},{"name":"share","type":"double"},)"
    R"({"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":12,"scale":2}},)"
    R"({"name":"wide","type":["null",{"type":"bytes","logicalType":"decimal","precision":40,"scale":10}]},)"
    R"({"name":"name","type":"string"},{"name":"raw","type":["null","bytes"]},)"
    R"({"name":"id","type":{"type":"string","logicalType":"uuid"}},)"
    R"({"name":"day","type":{"type":"int","logicalType":"date"}},)"
    R"({"name":"hour","type":["null",{"type":"long","logicalType":"time-micros"}]},)"
    R"({"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},)"
    R"({"name":"took","type":["null","string"]},)"
    R"({"name":"state","type":{"type":"enum","name":"state","symbols":["shut","open","other"]}},)"
    R"({"name":"tags","type":["null",{"type":"array","items":"string"}]},)"
    R"({"name":"inner","type":["null",{"type":"record","name":"inner","fields":[{"name":"y","type":["null","string"]},)"
    R"({"name":"x","type":"int"},{"name":"next","type":["null","each"]}]}]},)"
    R"({"name":"rest","type":{"type":"map","values":["long","string"]}}]})";

}  // namespace braid::fuzz
