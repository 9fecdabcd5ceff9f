// A shared library that is no driver.
extern "C" int answer_of_no_driver();
int answer_of_no_driver() { return 42; }
