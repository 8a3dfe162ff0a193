import { $, h, show } from "./dom.js";
import { canLeave, comeBack, leaveFor } from "./providers.js";
import { signOut } from "./server.js";
import { complain, setUp, setUpWith } from "./sign_in.js";
import { page, t } from "./texts.js";

const done = () => location.reload();
const back = comeBack();

setUp(done);
$("sign-out")?.addEventListener("click", async () => {
  await signOut();
  location.reload();
});
if (canLeave()) {
  const buttons = page.providers.map((one) => h("button", { type: "button", class: "quiet strong", on: { click: () => leaveFor(one, "desk") } }, t("sign_in_with", { name: one.name })));
  show($("providers"), buttons, h("p", { class: "hint" }, t("or_with_password")));
}
$("email").focus();
if (back?.failure) complain(new Error(t(back.failure, { name: back.name })));
else if (back) await setUpWith(back, done);
