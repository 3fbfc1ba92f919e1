// Which declared types take a field of a Protobuf schema, and how its values become them. Pure.
#pragma once

#include <string>

#include "runtime/codec/protobuf_plan.h"

namespace braid {

/// Sets the form of the target, whose type is declared, for single values of the field. False: the type does not take
/// them; `reason` may say why. `unit`: of times that are numbers.
bool choose_protobuf_form(const ProtobufSchema& schema, const ProtobufField& field, TimestampUnit unit,
                          ProtobufTarget& target, std::string& reason);

/// A type that takes all values of the field, as a script writes it; empty if there is none.
std::string fitting_declaration(const ProtobufSchema& schema, const ProtobufField& field);

}  // namespace braid
