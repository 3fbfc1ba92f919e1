#include <cmath>

#include "stdlib/functions/calling.h"

namespace braid {
namespace {

using Text = std::string_view;
const double kNan = std::nan("");
const double kInfinity = std::numeric_limits<double>::infinity();

TEST(Maths, SignsStopAtTheEndsOfTheRange) {
  EXPECT_EQ(Call("maths_abs_int")(int64_t{-3}).as<int64_t>(), 3);
  EXPECT_EQ(Call("maths_abs_int")(INT64_MIN).code(), 6101u);
  EXPECT_EQ(Call("maths_abs_float")(-0.0).as<double>(), 0.0);
  EXPECT_EQ(Call("maths_abs_duration")(Duration{-5}).as<Duration>().micros, 5);
  EXPECT_EQ(Call("maths_abs_duration")(Duration{INT64_MIN}).code(), 6101u);
  EXPECT_EQ(Call("maths_abs_decimal").result_scale(2)(Decimal{-50, 2}).as<Decimal>().unscaled, 50);
  EXPECT_EQ(Call("maths_sign_int")(INT64_MIN).as<int64_t>(), -1);
  EXPECT_EQ(Call("maths_sign_decimal")(Decimal{0, 2}).as<int64_t>(), 0);
  EXPECT_EQ(Call("maths_sign_float")(kNan).as<int64_t>(), 0);
}

int64_t round_to(int128 unscaled, int scale, int digits, Text mode) {
  return static_cast<int64_t>(
      Call("maths_round_decimal")
          .result_scale(std::min(scale, digits))(Decimal{unscaled, scale}, int64_t{digits}, mode)
          .as<Decimal>()
          .unscaled);
}

TEST(Maths, RoundsDecimals) {
  EXPECT_EQ(round_to(2345, 3, 2, "half_even"), 234);
  EXPECT_EQ(round_to(2355, 3, 2, "half_even"), 236);
  EXPECT_EQ(round_to(-2345, 3, 2, "half_even"), -234);
  EXPECT_EQ(round_to(-2346, 3, 2, "half_even"), -235);
  EXPECT_EQ(round_to(2345, 3, 2, "half_up"), 235);
  EXPECT_EQ(round_to(-2345, 3, 2, "half_up"), -235);
  EXPECT_EQ(round_to(2349, 3, 2, "down"), 234);
  EXPECT_EQ(round_to(-2341, 3, 2, "up"), -235);
  EXPECT_EQ(round_to(5, 1, 0, "half_even"), 0);
  EXPECT_EQ(round_to(15, 1, 0, "half_even"), 2);
  EXPECT_EQ(round_to(150, 2, 5, "half_even"), 150) << "no digits to lose";
  EXPECT_EQ(round_to(9999, 2, 1, "half_up"), 1000) << "a carry adds a digit";
  const auto whole = [](std::string_view symbol, int128 unscaled) {
    return static_cast<int64_t>(Call(symbol).result_scale(0)(Decimal{unscaled, 1}).as<Decimal>().unscaled);
  };
  EXPECT_EQ(whole("maths_floor_decimal", -21), -3);
  EXPECT_EQ(whole("maths_floor_decimal", 29), 2);
  EXPECT_EQ(whole("maths_ceil_decimal", 21), 3);
  EXPECT_EQ(whole("maths_ceil_decimal", -29), -2);
  EXPECT_EQ(whole("maths_trunc_decimal", -29), -2);
}

TEST(Maths, RoundedTypesHoldTheCarry) {
  const FunctionDeclaration& round = *all_groups().overloads("round").front();
  const auto type = [&](int precision, int scale, int64_t digits) {
    const CallShape shape{{decimal_type(precision, scale), int_type(), string_type()},
                          {Value{Null()}, Value{digits}, Value{std::string("half_even")}}};
    return to_string(round.result(shape));
  };
  EXPECT_EQ(type(36, 10, 2), "decimal(29,2)");
  EXPECT_EQ(type(12, 2, 2), "decimal(12,2)");
  EXPECT_EQ(type(12, 2, 4), "decimal(12,2)");
  EXPECT_EQ(type(1, 1, 0), "decimal(1,0)");
  EXPECT_EQ(type(38, 1, 0), "decimal(38,0)");
  EXPECT_EQ(round.problem({{decimal_type(12, 2), int_type(), string_type()},
                           {Value{Null()}, Value{int64_t{2}}, Value{std::string("odd")}}}),
            "`odd` is not a rounding mode: half_even, half_up, down, up");
}

TEST(Maths, RoundsFloats) {
  EXPECT_EQ(Call("maths_round_float")(2.5).as<double>(), 2.0);
  EXPECT_EQ(Call("maths_round_float")(3.5).as<double>(), 4.0);
  EXPECT_TRUE(std::isnan(Call("maths_round_float")(kNan).as<double>()));
  EXPECT_EQ(Call("maths_floor_float")(-2.1).as<double>(), -3.0);
  EXPECT_EQ(Call("maths_ceil_float")(2.1).as<double>(), 3.0);
  EXPECT_EQ(Call("maths_trunc_float")(-2.9).as<double>(), -2.0);
  Call to("conversions_round_float_to");
  EXPECT_EQ(to(2.675, int64_t{2}).as<double>(), 2.67);
  EXPECT_EQ(to(3.14159, int64_t{4}).as<double>(), 3.1416);
  EXPECT_EQ(to(1e300, int64_t{2}).as<double>(), 1e300);
  EXPECT_EQ(to(kInfinity, int64_t{2}).as<double>(), kInfinity);
  EXPECT_TRUE(std::signbit(to(-0.001, int64_t{2}).as<double>()));
}

TEST(Maths, DividesWholeNumbers) {
  EXPECT_EQ(Call("maths_div_int")(int64_t{-7}, int64_t{2}).as<int64_t>(), -3);
  EXPECT_EQ(Call("maths_div_int")(int64_t{7}, int64_t{0}).code(), 6102u);
  EXPECT_EQ(Call("maths_div_int")(INT64_MIN, int64_t{-1}).code(), 6101u);
  EXPECT_EQ(Call("maths_mod")(int64_t{-7}, int64_t{3}).as<int64_t>(), 2);
  EXPECT_EQ(Call("maths_mod")(int64_t{7}, int64_t{-3}).as<int64_t>(), -2);
  EXPECT_EQ(Call("maths_mod")(INT64_MIN, int64_t{-1}).as<int64_t>(), 0);
  EXPECT_EQ(Call("maths_mod")(int64_t{7}, int64_t{0}).code(), 6102u);
  EXPECT_EQ(Call("maths_div_duration")(Duration{10}, int64_t{4}).as<Duration>().micros, 2);
  EXPECT_EQ(Call("maths_div_duration")(Duration{10}, int64_t{0}).code(), 6102u);
  EXPECT_EQ(Call("maths_div_durations")(Duration{10}, Duration{3}).as<int64_t>(), 3);
  EXPECT_EQ(Call("maths_div_durations")(Duration{INT64_MIN}, Duration{-1}).code(), 6101u);
}

TEST(Maths, FloatFunctionsFailOutsideTheirDomain) {
  EXPECT_EQ(Call("maths_sqrt")(2.25).as<double>(), 1.5);
  Call sqrt("maths_sqrt");
  EXPECT_EQ(sqrt(-1.0).code(), 6106u);
  EXPECT_EQ(sqrt.failure(), "a negative number has no square root");
  EXPECT_TRUE(std::isnan(Call("maths_sqrt")(kNan).as<double>()));
  EXPECT_EQ(Call("maths_pow")(2.0, 10.0).as<double>(), 1024.0);
  EXPECT_EQ(Call("maths_pow")(-2.0, 3.0).as<double>(), -8.0);
  EXPECT_EQ(Call("maths_pow")(-8.0, 0.5).code(), 6106u);
  EXPECT_EQ(Call("maths_pow")(0.0, -1.0).code(), 6102u);
  EXPECT_EQ(Call("maths_ln")(1.0).as<double>(), 0.0);
  EXPECT_EQ(Call("maths_ln")(0.0).code(), 6106u);
  EXPECT_EQ(Call("maths_log10")(1000.0).as<double>(), 3.0);
  EXPECT_EQ(Call("maths_log10")(-kInfinity).code(), 6106u);
  EXPECT_EQ(Call("maths_exp")(1000.0).as<double>(), kInfinity);
  EXPECT_NEAR(Call("maths_sin")(std::acos(-1.0) / 2).as<double>(), 1.0, 1e-15);
  EXPECT_EQ(Call("maths_cos")(0.0).as<double>(), 1.0);
  EXPECT_EQ(Call("maths_atan2")(0.0, 1.0).as<double>(), 0.0);
  EXPECT_NEAR(Call("maths_radians")(180.0).as<double>(), std::acos(-1.0), 1e-15);
  EXPECT_NEAR(Call("maths_degrees")(std::acos(-1.0)).as<double>(), 180.0, 1e-12);
  EXPECT_TRUE(Call("maths_is_nan")(kNan).as<bool>());
  EXPECT_FALSE(Call("maths_is_finite")(kInfinity).as<bool>());
}

TEST(Geo, MeasuresGreatCircles) {
  Call distance("geo_distance_km");
  EXPECT_NEAR(distance(40.639751, -73.778925, 33.942536, -118.408075).as<double>(), 3974.205, 0.001);  // JFK to LAX
  EXPECT_NEAR(distance(0.0, 0.0, 0.0, 180.0).as<double>(), 20015.1, 0.1);                              // antipodes
  EXPECT_EQ(distance(51.5, 0.0, 51.5, 0.0).as<double>(), 0.0);
  EXPECT_NEAR(distance(0.0, 179.5, 0.0, -179.5).as<double>(), 111.195, 0.001);  // over the date line
  EXPECT_EQ(distance(90.1, 0.0, 0.0, 0.0).code(), 6106u);
  EXPECT_EQ(distance(kNan, 0.0, 0.0, 0.0).code(), 6106u);
  EXPECT_NEAR(Call("geo_bearing")(0.0, 0.0, 0.0, 10.0).as<double>(), 90.0, 1e-9);
  EXPECT_NEAR(Call("geo_bearing")(0.0, 0.0, 0.0, -10.0).as<double>(), 270.0, 1e-9);
  EXPECT_EQ(Call("geo_bearing")(0.0, 400.0, 0.0, 0.0).code(), 6106u);
}

}  // namespace
}  // namespace braid
