// Several lambdas as one visitor of a variant: `std::visit(Overloaded{[](const A&) {…}, [](const B&) {…}}, value)`.
#pragma once

namespace braid {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace braid
